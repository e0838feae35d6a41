import type { Network } from "../conflist/network.ts";
import { isListFromSingle } from "../conflist/single-plugin.ts";
import { defaultNetworks, type Survey } from "../machine/survey.ts";
import { CliError } from "./cli-error.ts";

/** A network, and the single plugin's file that its list was or will be made from. */
export interface SelectedNetwork {
  /** The current file of the network: a list, or a single plugin without a list yet. */
  readonly network: Network;
  readonly source: Network | null;
}

/**
 * The network with this name, by default the one that pods get.
 * @throws {CliError} if it is not found or not clear
 */
export function selectNetwork(survey: Survey, name?: string): SelectedNetwork {
  const all = survey.location.candidates.flatMap(({ network }) => network ?? []);
  const network = name === undefined ? networkOfPods(survey) : all.find((one) => one.name === name);
  if (!network) {
    const names = [...new Set(all.map((one) => one.name))].join(", ") || "none";
    throw new CliError(
      `Cannot find the network ${name} in ${survey.confDir}: there is ${names}${brokenFiles(survey)}`,
    );
  }
  const single = (one: Network) => one.kind === "single" && one.name === network.name;
  const source =
    network.kind === "single" ? network : isListFromSingle(network.file) ? (all.find(single) ?? null) : null;
  return { network, source };
}

/** The network that pods get from the runtime. */
function networkOfPods(survey: Survey): Network {
  const taken = defaultNetworks(survey);
  const [first] = taken;
  if (first?.network && taken.every(({ network }) => network === first.network)) return first.network;
  const answers = taken.map(
    ({ runtime, network }) =>
      `${runtime} would take ${network ? `${network.name} from ${network.file}` : "none"}`,
  );
  throw new CliError(
    `Cannot choose a network in ${survey.confDir}: ${answers.join(", ")}${brokenFiles(survey)}\nRepair or remove that file, or specify the network with --network.`,
  );
}

function brokenFiles(survey: Survey): string {
  const broken = survey.location.candidates.filter(({ error }) => error);
  return broken.map(({ file, error }) => `; ${file}: ${error?.message}`).join("");
}

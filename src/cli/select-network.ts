import type { Network } from "../conflist/network.ts";
import { isListFromSingle } from "../conflist/single-plugin.ts";
import { defaultNetworks, type Survey } from "../machine/survey.ts";
import { CliError } from "./cli-error.ts";

/** A network, and the single plugin's file it was or is to be made from. */
export interface SelectedNetwork {
  /** The file that pods get their network from; for a single plugin without a list yet, that file. */
  readonly network: Network;
  readonly source: Network | null;
}

/** The network of a name, else the one that pods get. */
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

/** The network that the runtime gives to pods. */
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

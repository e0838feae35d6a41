import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Network } from "../../conflist/network.ts";
import {
  entryOf,
  isTap,
  type Mode,
  modeOf,
  type ProgramType,
  tapStanzas,
} from "../../conflist/tap-entries.ts";
import { isWrapped, typeOf, WRAP_KEY, WRAPPER } from "../../conflist/wrapped-plugin.ts";
import { type Taps, versionOf } from "../../machine/carried-taps.ts";
import { type LogState, readLogState } from "../../machine/log-state.ts";
import { MachineError } from "../../machine/machine-error.ts";
import { type DefaultNetwork, defaultNetworks, type Survey } from "../../machine/survey.ts";
import { gatherObserver, type ObserverStatus } from "../observer-status.ts";
import { logFileOf } from "../stanza-options.ts";

export interface Status {
  readonly confDir: string;
  readonly runtime: string | null;
  readonly networks: readonly NetworkStatus[];
  /** Possible runtimes of this node that would load no network. */
  readonly withoutNetwork: readonly DefaultNetwork["runtime"][];
  readonly broken: readonly { readonly file: string; readonly error: string }[];
  readonly executables: readonly ExecutableStatus[];
  /** Null: there is none. */
  readonly observer: ObserverStatus | null;
}

export interface NetworkStatus {
  readonly name: string;
  readonly file: string;
  /** The runtimes that would use it for pods, among this node's runtime, or both if that is not known. */
  readonly usedBy: readonly DefaultNetwork["runtime"][];
  /** All plugins in order, including those of drop-ins. A wrapped plugin has its own type. */
  readonly plugins: readonly string[];
  /** Those of them that are wrapped; `at` is the index in `plugins`. */
  readonly wrapped: readonly WrappedStatus[];
  readonly mode: Mode | "drop-in";
  readonly logs: readonly LogState[];
}

export interface WrappedStatus {
  readonly at: number;
  readonly type: string;
  /** Whether the plugins that it starts are logged too. */
  readonly delegates: boolean;
}

export interface ExecutableStatus {
  readonly type: ProgramType;
  readonly path: string;
  /** The version in its mark; null if it has none. */
  readonly version: string | null;
  /** `same`: the one that this cnitap would install. */
  readonly state: "same" | "other" | "missing";
}

export function gatherStatus(survey: Survey, taps: Taps): Status {
  const { candidates } = survey.location;
  const taken = defaultNetworks(survey);
  const networks = candidates.flatMap(({ network }) =>
    network
      ? {
          name: network.name,
          file: network.file,
          usedBy: taken.filter((one) => one.network === network).map(({ runtime: name }) => name),
          ...tapsOf(survey, network),
        }
      : [],
  );
  return {
    confDir: survey.confDir,
    runtime: survey.runtime && `${survey.runtime.name} ${survey.runtime.version}`,
    networks,
    withoutNetwork: taken.filter(({ network }) => !network).map(({ runtime: name }) => name),
    broken: candidates.flatMap(({ file, error }) => (error ? { file, error: error.message } : [])),
    executables: executablesOf(survey, networks, taps),
    observer: gatherObserver(survey, taps),
  };
}

/** The taps unless plugins are wrapped instead, the wrapper if they are, and whatever is there. */
function executablesOf(survey: Survey, networks: readonly NetworkStatus[], taps: Taps): ExecutableStatus[] {
  const wraps = networks.some(({ wrapped }) => wrapped.length > 0);
  const needed = (type: ProgramType) =>
    type === WRAPPER ? wraps : !wraps || networks.some(({ plugins }) => plugins.includes(type));
  return (["cni_pre", "cni_post", WRAPPER] as const).flatMap((type) => {
    const path = findExecutable(survey, type);
    return path !== null || needed(type) ? executable(survey, type, path, taps) : [];
  });
}

function tapsOf(
  survey: Survey,
  network: Network,
): Pick<NetworkStatus, "plugins" | "wrapped" | "mode" | "logs"> {
  const dropIns = network.inlineOnly || network.kind === "single" ? [] : dropInsOf(survey, network);
  const taps = [...tapStanzas(network), ...dropIns.filter(({ type }) => isTap(String(type)))];
  const inline = modeOf(network);
  const more = dropIns.some(({ type }) => type === "cni_post");
  return {
    plugins: [
      ...network.plugins.map((plugin) => typeOf(plugin) ?? "?"),
      ...dropIns.map(({ type }) => String(type)),
    ],
    wrapped: network.plugins.flatMap((plugin, at) => {
      if (!isWrapped(plugin)) return [];
      const keys = Object(entryOf(network, plugin)[WRAP_KEY]);
      return { at, type: typeOf(plugin) ?? "?", delegates: keys.delegates === true };
    }),
    mode: more ? (inline === "none" ? "drop-in" : inline === "pre" ? "both" : inline) : inline,
    logs: [...new Set(taps.map(logFileOf))].map((path) => readLogState(survey.root, path)),
  };
}

function dropInsOf(survey: Survey, network: Network): Record<string, unknown>[] {
  return survey.conf.dropIns
    .filter((dropIn) => dropIn.network === network.name)
    .flatMap(({ text }) => {
      try {
        const entry: unknown = JSON.parse(text ?? "");
        return typeof entry === "object" && entry !== null ? Object.fromEntries(Object.entries(entry)) : [];
      } catch {
        return []; // the runtime then loads nothing, which doctor reports
      }
    });
}

function findExecutable({ root, binDirs }: Survey, type: ProgramType): string | null {
  const paths = binDirs.map((folder) => join(folder, type));
  return paths.find((path) => statSync(root.at(path), { throwIfNoEntry: false })?.isFile()) ?? null;
}

function executable(
  { root, binDirs }: Survey,
  type: ProgramType,
  path: string | null,
  taps: Taps,
): ExecutableStatus {
  if (path !== null) {
    try {
      const content = readFileSync(root.at(path));
      return {
        type,
        path,
        version: versionOf(content),
        state: content.equals(taps(type)) ? "same" : "other",
      };
    } catch (error) {
      if (error instanceof MachineError) throw error;
      // Removed since.
    }
  }
  return { type, path: join(binDirs[0] ?? "", type), version: null, state: "missing" };
}

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Network } from "../../conflist/network.ts";
import { entryOf, isTap, type Mode, modeOf, type TapType } from "../../conflist/tap-entries.ts";
import { type Taps, versionOf } from "../../machine/carried-taps.ts";
import { type LogState, readLogState } from "../../machine/log-state.ts";
import { type DefaultNetwork, defaultNetworks, type Survey } from "../../machine/survey.ts";
import { logFileOf } from "../stanza-options.ts";

export interface Status {
  readonly confDir: string;
  readonly runtime: string | null;
  readonly networks: readonly NetworkStatus[];
  /** Possible runtimes of this node that would load no network. */
  readonly withoutNetwork: readonly DefaultNetwork["runtime"][];
  readonly broken: readonly { readonly file: string; readonly error: string }[];
  readonly executables: readonly ExecutableStatus[];
}

export interface NetworkStatus {
  readonly name: string;
  readonly file: string;
  /** The runtimes that would use it for pods, among this node's runtime, or both if that is not known. */
  readonly usedBy: readonly DefaultNetwork["runtime"][];
  /** All plugins in order, including those of drop-ins. */
  readonly plugins: readonly string[];
  readonly mode: Mode | "drop-in";
  readonly logs: readonly LogState[];
}

export interface ExecutableStatus {
  readonly type: TapType;
  readonly path: string;
  /** The version in its mark; null if it has none. */
  readonly version: string | null;
  /** `same`: the one that this cnitap would install. */
  readonly state: "same" | "other" | "missing";
}

export function gatherStatus(survey: Survey, taps: Taps): Status {
  const { candidates } = survey.location;
  const taken = defaultNetworks(survey);
  const types = ["cni_pre", "cni_post"] as const;
  return {
    confDir: survey.confDir,
    runtime: survey.runtime && `${survey.runtime.name} ${survey.runtime.version}`,
    networks: candidates.flatMap(({ network }) =>
      network
        ? {
            name: network.name,
            file: network.file,
            usedBy: taken.filter((one) => one.network === network).map(({ runtime: name }) => name),
            ...tapsOf(survey, network),
          }
        : [],
    ),
    withoutNetwork: taken.filter(({ network }) => !network).map(({ runtime: name }) => name),
    broken: candidates.flatMap(({ file, error }) => (error ? { file, error: error.message } : [])),
    executables: types.map((type) => executable(survey, type, taps[type])),
  };
}

function tapsOf(survey: Survey, network: Network): Pick<NetworkStatus, "plugins" | "mode" | "logs"> {
  const entries = network.plugins.map((plugin) => entryOf(network, plugin));
  const dropIns = network.inlineOnly || network.kind === "single" ? [] : dropInsOf(survey, network);
  const taps = [...entries, ...dropIns].filter(({ type }) => isTap(String(type)));
  const inline = modeOf(network);
  const more = dropIns.some(({ type }) => type === "cni_post");
  return {
    plugins: [...entries, ...dropIns].map(({ type }) => String(type)),
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

function executable(survey: Survey, type: TapType, carried: Uint8Array): ExecutableStatus {
  for (const folder of survey.binDirs) {
    const path = join(folder, type);
    try {
      if (!statSync(survey.root.at(path)).isFile()) continue;
      const content = readFileSync(survey.root.at(path));
      return { type, path, version: versionOf(content), state: content.equals(carried) ? "same" : "other" };
    } catch {
      // Not in this directory.
    }
  }
  return { type, path: join(survey.binDirs[0] ?? "", type), version: null, state: "missing" };
}

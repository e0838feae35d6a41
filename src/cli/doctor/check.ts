import { recordedKeys } from "../../conflist/installations.ts";
import type { Network } from "../../conflist/network.ts";
import { modeOf, tapStanzas } from "../../conflist/tap-entries.ts";
import { DEFAULT_TARGET } from "../../log/target.ts";
import { seeProcesses } from "../../machine/processes.ts";
import { defaultNetworks, type Survey } from "../../machine/survey.ts";
import { lockFileOf, logFileOf } from "../stanza-options.ts";

/** One check of `cnitap doctor`. */
export interface Check {
  /** Its name in --json. */
  readonly id: string;
  /** The good state, shown if there are no findings. */
  readonly title: string;
  /** Whether an error allows an installation: install repairs it, checks it itself, or is not affected. */
  readonly allowsInstall?: boolean;
  /** A more specific text than the title, shown if there are no findings. */
  summarize?(subject: CheckSubject): string;
  /** Why it cannot be done here, or what is not known, as a clause that follows "unknown:"; null if it can. */
  unknown?(subject: CheckSubject): string | null;
  run(subject: CheckSubject): Finding[] | Promise<Finding[]>;
}

export interface Finding {
  readonly level: "error" | "warning";
  readonly seen: string;
  /** What to do. */
  readonly advice: string;
}

/** The input of the checks. */
export interface CheckSubject {
  readonly survey: Survey;
  /** All valid networks, in the order of their files. */
  readonly networks: readonly Network[];
  /** The networks with taps or wrapped plugins, without those in drop-ins. */
  readonly tapped: readonly Network[];
  /** The networks that pods get, and those with taps. */
  readonly used: readonly Network[];
  /** Whether a planned installation is checked, whose executables need not exist yet. */
  readonly beforeInstall: boolean;
  /** The PATH of each process of a runtime that can be seen. */
  readonly runtimePaths: () => readonly string[];
  /** Log and lock files of the taps' entries, or of the planned installation. */
  readonly logFiles: readonly string[];
  readonly lockFiles: readonly string[];
}

type Entry = Readonly<Record<string, unknown>>;

/**
 * Prepares the input of the checks.
 * @param planned the entry of a planned installation; by default the existing entries, or if there are none,
 *   the taps' defaults
 */
export function checkSubject(survey: Survey, planned?: Entry): CheckSubject {
  const networks = survey.location.candidates.flatMap(({ network }) => network ?? []);
  const tapped = networks.filter((network) => modeOf(network) !== "none");
  const taken = defaultNetworks(survey).map(({ network }) => network);
  const inline = tapped.flatMap(tapStanzas);
  const recorded = survey.record
    .filter((one) => one.confDir === survey.confDir)
    .map((one): Entry => ({ ...recordedKeys(one) }));
  const existing = inline.length > 0 ? inline : recorded;
  const entries = planned ? [planned] : existing.length > 0 ? existing : [DEFAULT_TARGET];
  let paths: readonly string[] | undefined;
  return {
    survey,
    networks,
    runtimePaths: () => {
      paths ??= seeProcesses(survey.root)?.runtimePaths ?? [];
      return paths;
    },
    tapped,
    used: networks.filter((one) => taken.includes(one) || modeOf(one) !== "none"),
    beforeInstall: planned !== undefined,
    logFiles: [...new Set(entries.map(logFileOf))],
    lockFiles: [...new Set(entries.map(lockFileOf))],
  };
}

export function error(seen: string, advice: string): Finding {
  return { level: "error", seen, advice };
}

export function warning(seen: string, advice: string): Finding {
  return { level: "warning", seen, advice };
}

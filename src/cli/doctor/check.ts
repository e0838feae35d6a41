import type { Network } from "../../conflist/network.ts";
import { entryOf, isTap } from "../../conflist/tap-entries.ts";
import { DEFAULT_TARGET } from "../../log/target.ts";
import type { Survey } from "../../machine/survey.ts";
import { lockFileOf, logFileOf } from "../stanza-options.ts";

/** Something that is looked at. */
export interface Check {
  /** The name in --json. */
  readonly id: string;
  /** What is so when there is nothing to find. */
  readonly title: string;
  /** Whether an error here is no reason against an installation: it mends it, looks for it itself, or is not concerned. */
  readonly allowsInstall?: boolean;
  /** What was seen where there is nothing to find, if that is worth more than the title. */
  tell?(subject: CheckSubject): string;
  run(subject: CheckSubject): Finding[] | Promise<Finding[]>;
}

export interface Finding {
  readonly level: "error" | "warning";
  readonly seen: string;
  /** What to do. */
  readonly advice: string;
}

/** What the checks look at. */
export interface CheckSubject {
  readonly survey: Survey;
  /** All that runtimes can read, in their order. */
  readonly networks: readonly Network[];
  /** Those with taps, drop-ins aside. */
  readonly tapped: readonly Network[];
  /** Whether it is an installation to come that is looked at: its executables need not be there yet. */
  readonly beforeInstall: boolean;
  /** Files that taps log to and lock: those of the networks' entries, or those of an installation to come. */
  readonly logFiles: readonly string[];
  readonly lockFiles: readonly string[];
}

type Entry = Readonly<Record<string, unknown>>;

/**
 * @param planned the entries of an installation to come; without it, those that are there, and where there are none the
 *   taps' defaults
 */
export function checkSubject(survey: Survey, planned?: Entry): CheckSubject {
  const networks = survey.location.candidates.flatMap(({ network }) => network ?? []);
  const tapped = networks.filter((network) => network.plugins.some(({ type }) => isTap(type)));
  const inline = tapped.flatMap((network) =>
    network.plugins.filter(({ type }) => isTap(type)).map((plugin) => entryOf(network, plugin)),
  );
  const recorded = survey.record
    .filter((one) => one.confDir === survey.confDir)
    .map((one): Entry => ({ ...one.post }));
  const there = inline.length > 0 ? inline : recorded;
  const entries = planned ? [planned] : there.length > 0 ? there : [DEFAULT_TARGET];
  return {
    survey,
    networks,
    tapped,
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

import type { LogFacts } from "../log-facts.ts";
import type { Attached, Pod, Who } from "../pod.ts";
import type { LineNumber } from "../story.ts";
import type { Code } from "./codes.ts";

export type Severity = "error" | "warning" | "note";

/** Something that is wrong, with its evidence. Texts are byte strings (src/log/byte-string.ts). */
export interface Finding<C extends string = Code> {
  readonly code: C;
  readonly severity: Severity;
  readonly containerId: string | null;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly network: string | null;
  readonly plugin: string | null;
  /** What happened, without the pod: findings of which it is the same are shown as one. */
  readonly brief: string;
  /** What happened, in full. */
  readonly sentence: string;
  readonly lines: readonly LineNumber[];
  readonly files: readonly string[];
  readonly advice: string;
  /** Milliseconds since 1970. */
  readonly timeMs: number | null;
  /** It rests on a line that did not come between these two; where lines were lost there, it is not told. */
  readonly absence?: readonly [from: LineNumber, to: LineNumber];
}

/** A kind of finding: it is shown each pod, and asked at the end for what only the whole log tells. */
export interface Check {
  readonly pod?: (pod: Pod) => void;
  readonly end?: () => void;
}

/** Makes a check, which reports what it finds. */
export type MakeCheck = (log: LogFacts, report: (finding: Finding) => void) => Check;

type Said = Pick<Finding, "code" | "severity" | "brief" | "sentence" | "lines" | "advice"> &
  Partial<Pick<Finding, "plugin" | "timeMs" | "files" | "absence">>;

/** In a busy log, what belongs to a call is not further away than so many lines. */
export const SOON_LINES = 200;

/** A finding about one attachment of a pod. */
export function aboutAttached({ pod, network }: Attached, said: Said): Finding {
  return about(pod, network, said);
}

/** A finding about a pod. */
export function about({ containerId, namespace, name }: Who, network: string | null, said: Said): Finding {
  return {
    ...{ containerId, namespace, name, network, plugin: null, timeMs: null, files: [] },
    ...{ ...said, lines: inOrder(said.lines) },
  };
}

/** A finding about a network, or about the log. */
export function aboutLog(network: string | null, said: Said): Finding {
  return {
    ...{ containerId: null, namespace: null, name: null, network, plugin: null, timeMs: null, files: [] },
    ...{ ...said, lines: inOrder(said.lines) },
  };
}

function inOrder(lines: readonly LineNumber[]): LineNumber[] {
  return [...new Set(lines)].sort((one, other) => one - other);
}

const ID_LETTERS = 12;

/** `default/web-0`, or the beginning of the container ID. */
export function podName({ containerId, namespace, name }: Who): string {
  if (name === null) return `sandbox ${containerId.slice(0, ID_LETTERS)}`;
  return namespace === null ? name : `${namespace}/${name}`;
}

/** How `cnitap show` finds a pod. */
export function showName(pod: Who): string {
  return pod.name === null ? pod.containerId.slice(0, ID_LETTERS) : podName(pod);
}

/** ` in network calico-net`, or nothing where it is not known. */
export function inNetwork(network: string | null): string {
  return network === null ? "" : ` in network ${network}`;
}

/** `4.2 ms`, `1.2 s`, `3 min`. */
export function shownMs(ms: number): string {
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
  const seconds = ms / 1000;
  return seconds < 120 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`;
}

const SHOWN = 3;

/** `a, b and c`; of more than three `a, b, c and 4 more`. */
export function listed(all: readonly string[]): string {
  const few = all.length > SHOWN + 1 ? [...all.slice(0, SHOWN), `${all.length - SHOWN} more`] : all;
  return few.length < 2 ? few.join("") : `${few.slice(0, -1).join(", ")} and ${few.at(-1)}`;
}

/** `1 call`, `2 calls`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

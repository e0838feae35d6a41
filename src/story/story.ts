import type { LogFormat } from "../log/log-line.ts";
import type { PodEvent } from "../log/pod-line.ts";
import type { Request } from "./request.ts";

/** The line number of a line, counted through all files in the order in which they are read; the first is 1. */
export type LineNumber = number;

/** A line of `cni_pre` or `cni_post` about one call. */
export interface TapCall {
  readonly kind: "tap";
  readonly line: LineNumber;
  /** Milliseconds since 1970; null in the classic format. */
  readonly timeMs: number | null;
  readonly tap: "pre" | "post";
  readonly command: string;
  /** Null in the classic format. */
  readonly netns: string | null;
  readonly cniVersion: string | null;
  /** The JSON text of the request, if it is kept, or of the result; null where the line has a note. */
  readonly input: string | null;
  readonly output: string | null;
  readonly note: string | null;
  readonly format: LogFormat;
  /** What findings need of the request, if that is wanted. */
  readonly request: Request | null;
}

/** A plugin's call that cni_wrap has seen. */
export interface PluginCall {
  readonly kind: "plugin";
  readonly line: LineNumber;
  /** Of the beginning. */
  readonly timeMs: number | null;
  readonly plugin: string;
  readonly pid: number | null;
  readonly command: string;
  readonly netns: string | null;
  readonly cniVersion: string | null;
  /** The JSON text of what it was given, if that is kept; null where only its end is in the log. */
  readonly input: string | null;
  readonly format: LogFormat;
  /** What findings need of the request, if that is wanted. */
  readonly request: Request | null;
  /** Null: it was killed, or still runs, or the log has lost the line. */
  end: PluginEnded | null;
}

export interface PluginEnded {
  readonly line: LineNumber;
  readonly timeMs: number | null;
  readonly ms: number;
  readonly exit: number | null;
  readonly signal: number | null;
  readonly stderr: string | null;
  readonly outputBytes: number | null;
  /** The JSON text; `null` where it gave nothing. */
  readonly output: string;
}

export type Call = TapCall | PluginCall;

/** How many of the plugins' calls were under way when this one began: those of its callers, if it is a delegate's. */
export function depthOf(call: PluginCall, calls: readonly Call[]): number {
  return calls.filter(
    (one) =>
      one.kind === "plugin" &&
      one !== call &&
      one.command === call.command &&
      one.line < call.line &&
      (one.end === null ? one.pid !== null && call.pid !== null : one.end.line > call.line),
  ).length;
}

/** A pod's network: a container ID, an interface and a network. The classic format does not tell the latter two. */
export interface Attachment {
  readonly ifname: string | null;
  network: string | null;
  /** In the order of the log. */
  readonly calls: Call[];
}

/** A pod event that the observer has seen. */
export interface EventSeen {
  readonly line: LineNumber;
  readonly timeMs: number | null;
  readonly event: PodEvent;
  readonly netns: string | null;
  readonly ips: readonly string[];
}

/** What the log tells of one pod sandbox. Texts are byte strings (src/log/byte-string.ts). */
export interface PodStory {
  readonly containerId: string;
  namespace: string | null;
  name: string | null;
  uid: string | null;
  readonly attachments: Attachment[];
  readonly events: EventSeen[];
  /** What came before was judged already: this story tells what came late. */
  readonly resumed: boolean;
}

/** The last line about a pod. */
export function lastLineOf({ attachments, events }: PodStory): LineNumber {
  let last = 0;
  for (const { calls } of attachments)
    for (const call of calls)
      last = Math.max(last, call.line, call.kind === "plugin" ? (call.end?.line ?? 0) : 0);
  for (const { line } of events) last = Math.max(last, line);
  return last;
}

/** What else is in a log, counted. */
export interface Strays {
  /** Half lines, and lines of other programs. */
  torn: number;
  foreign: number;
  empty: number;
  /** Notes of taps and of the observer about no pod. */
  notes: number;
}

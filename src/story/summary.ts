import { addressesOf } from "./payload.ts";
import {
  type Attachment,
  type Call,
  depthOf,
  type PluginCall,
  type PodStory,
  type TapCall,
} from "./story.ts";

/**
 * `adding`: an ADD has not ended. `running`: it has its network. `failed`: its ADD failed. `stopped`: its network was
 * taken away. `removed`: the runtime has removed it. `hostNetwork`: it has none of its own. `untapped`: its ADD is not in
 * the log. `vanished`: it ended while the observer was not connected.
 */
export type State =
  | "adding"
  | "running"
  | "stopped"
  | "removed"
  | "failed"
  | "untapped"
  | "hostNetwork"
  | "vanished";

/** What happened to one attachment, from its calls. */
export interface Summary {
  readonly ifname: string | null;
  readonly network: string | null;
  readonly state: State;
  /** Addresses with their prefix lengths, as the result has them. */
  readonly ips: readonly string[];
  /** From `cni_pre` to `cni_post`, or all plugins' time; null if the log does not tell. */
  readonly addMs: number | null;
  /** From `cni_post` to `cni_pre` of the first DEL that has a namespace. */
  readonly delMs: number | null;
  readonly addedAt: number | null;
  /** The end of the last DEL. */
  readonly deletedAt: number | null;
}

const isTap = (call: Call): call is TapCall => call.kind === "tap";
const isPlugin = (call: Call): call is PluginCall => call.kind === "plugin";

/** The beginning and the end of a chain's run. */
export interface Run {
  readonly begunMs: number | null;
  readonly endedMs: number | null;
  /** Whether it came to its end, so far as the log can tell. */
  readonly complete: boolean;
  /** A plugin failed. */
  readonly failed: boolean;
  readonly netns: string | null;
  /** The JSON text of an ADD's result. */
  readonly result: string | null;
}

function endOf(call: PluginCall): number | null {
  return call.end?.timeMs ?? null;
}

function hasFailed({ end }: PluginCall): boolean {
  return end !== null && end.exit !== 0;
}

function isOver({ end }: PluginCall, before: Call): boolean {
  return end !== null && end.line < before.line;
}

/**
 * Cuts the calls of one command into the runs of the chain: a new one begins when its first tap or plugin comes again, after a
 * plugin has failed, and with the DEL that has no namespace any more.
 */
export function runsOf(calls: readonly Call[], command: string): Call[][] {
  const runs: Call[][] = [];
  const first = command === "ADD" ? "pre" : "post";
  for (const call of calls) {
    if (call.command !== command) continue;
    const run = runs.at(-1);
    const again =
      run === undefined ||
      run[0]?.netns !== call.netns ||
      run.some((one) => isPlugin(one) && hasFailed(one) && isOver(one, call) && depthOf(one, run) === 0) ||
      (isTap(call) && run.some((one) => isTap(one) && (one.tap === call.tap || call.tap === first))) ||
      (isPlugin(call) && run.some((one) => isPlugin(one) && one.plugin === call.plugin && one.end !== null));
    if (again) runs.push([call]);
    else run.push(call);
  }
  return runs;
}

/** What the log tells of a run. */
export function readRun(calls: readonly Call[], command: string): Run {
  const [first, last] = command === "ADD" ? ["pre", "post"] : ["post", "pre"];
  const taps = calls.filter(isTap);
  const plugins = calls.filter(isPlugin).filter((call) => depthOf(call, calls) === 0);
  const begin = taps.find(({ tap }) => tap === first);
  const end = taps.find(({ tap }) => tap === last);
  const failed = plugins.some(hasFailed);
  const running = plugins.some((call) => call.end === null);
  const wrapped = plugins.length > 0 && !running && !failed && taps.length === 0;
  const lastPlugin = plugins.at(-1);
  return {
    begunMs: begin?.timeMs ?? plugins[0]?.timeMs ?? null,
    endedMs: end?.timeMs ?? (wrapped && lastPlugin ? endOf(lastPlugin) : null),
    complete: end !== undefined || wrapped,
    failed,
    netns: calls[0]?.netns ?? null,
    result: end?.output ?? (wrapped ? (lastPlugin?.end?.output ?? null) : null),
  };
}

function between(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : to - from;
}

/** Sums up an attachment. */
export function summarize(story: PodStory, attachment: Attachment): Summary {
  const adds = runsOf(attachment.calls, "ADD").map((calls) => readRun(calls, "ADD"));
  const dels = runsOf(attachment.calls, "DEL").map((calls) => readRun(calls, "DEL"));
  const add = adds.findLast(({ complete }) => complete) ?? adds.at(-1);
  const del = dels.find(({ netns }) => netns !== "") ?? dels[0];
  return {
    ...{ ifname: attachment.ifname, network: attachment.network },
    state: stateOf(story, add, dels),
    get ips() {
      return addressesOf(add?.result ?? null); // parses the result, which most pods of a log need not
    },
    addMs: add?.complete ? between(add.begunMs, add.endedMs) : null,
    delMs: del?.complete ? between(del.begunMs, del.endedMs) : null,
    addedAt: add?.complete ? add.endedMs : null,
    deletedAt: dels.findLast(({ complete }) => complete)?.endedMs ?? null,
  };
}

function stateOf(story: PodStory, add: Run | undefined, dels: readonly Run[]): State {
  const saw = (event: string) => story.events.some((one) => one.event === event);
  if (saw("RemovePodSandbox")) return "removed";
  if (saw("Vanished")) return "vanished";
  if (add && !add.complete && (add.failed || dels.length > 0)) return "failed";
  if (dels.some(({ complete, netns }) => complete && netns === "")) return "removed";
  if (dels.length > 0) return "stopped";
  return add && !add.complete && !saw("RunPodSandbox") ? "adding" : "running";
}

/** Sums up a pod: one summary for each attachment, or one for a pod that has none in the log. */
export function summarizePod(story: PodStory): Summary[] {
  if (story.attachments.length > 0) return story.attachments.map((one) => summarize(story, one));
  const saw = (event: string) => story.events.some((one) => one.event === event);
  const own = story.events.find(({ netns }) => netns !== null)?.netns;
  const state: State = saw("RemovePodSandbox")
    ? "removed"
    : saw("Vanished")
      ? "vanished"
      : own === ""
        ? "hostNetwork"
        : "untapped";
  const ips = story.events.findLast((one) => one.ips.length > 0)?.ips ?? [];
  return [
    {
      ...{ ifname: null, network: null, state, ips, addMs: null, delMs: null },
      ...{ addedAt: null, deletedAt: null },
    },
  ];
}

import { failedBefore } from "../del-order.ts";
import { type Attached, isAdded, type Pod } from "../pod.ts";
import { linesOf, noteOf, type Run } from "../runs.ts";
import {
  aboutAttached,
  type Check,
  inNetwork,
  type MakeCheck,
  podName,
  showName,
  shownMs,
} from "./finding.ts";
import {
  absenceIn,
  cameUp,
  type Failure,
  failureOf,
  isToldElsewhere,
  nextRun,
  saidBy,
} from "./what-failed.ts";

/** A pod got no network: a plugin failed in its ADD, or its ADD does not end (containerd#1544, plugins#680). */
export const addFailed: MakeCheck = (log, report): Check => ({
  pod: (pod: Pod) => {
    for (const attached of pod.attached) {
      const { add, runs } = attached;
      if (add === null || isAdded(attached) || add.state === "unknown" || cameUp(pod, attached)) continue;
      const next = nextRun(runs, add);
      if (isToldElsewhere(add, next)) continue;
      const failure = failureOf(add);
      const ended = failure !== null || next !== undefined || noteOf(add) !== null;
      if (!ended && !log.isStuck(add.lastMs)) continue;
      if (isLateLine(pod, attached, add)) continue;
      const said = failure !== null || noteOf(add) !== null ? true : failedBefore(add, next);
      if (said === false) continue; // the line of its end was lost
      const name = podName(pod.story);
      const ago = log.agoMs(add.lastMs);
      const brief = failure ? briefOf(failure) : openBrief(add, next);
      const since = !ended && ago !== null ? ` for ${shownMs(ago)}` : "";
      report(
        aboutAttached(attached, {
          ...{ code: "add-failed", severity: "error", brief, timeMs: add.begunMs },
          plugin: failure?.call.plugin ?? add.plugins.find(({ end }) => end === null)?.plugin ?? null,
          sentence: `The ADD of ${name}${inNetwork(attached.network)} ${ended ? "failed" : "has not ended"}${since}: ${brief}`,
          lines: [...linesOf(add), ...(next ? linesOf(next).slice(0, 1) : [])],
          ...(said ? {} : { absence: absenceIn(add, next) }),
          advice: adviceFor(failure, showName(pod.story)),
        }),
      );
    }
  },
});

/**
 * In the classic format a result names neither interface nor network: it may have been counted to another ADD of the pod.
 */
function isLateLine(pod: Pod, { adds }: Attached, add: Run): boolean {
  if (add.calls[0]?.format !== "classic" || add.plugins.length > 0) return false;
  const all = pod.attached.flatMap((one) => one.adds);
  const ends = all.filter(({ post }) => post !== null).length;
  return ends >= all.filter(({ pre }) => pre !== null).length && !adds.some(({ post }) => post !== null);
}

function briefOf({ call, end, caller }: Failure): string {
  const by = caller ? ` (called by ${caller.plugin})` : "";
  return `${call.plugin}${by} said ${saidBy(end)}`;
}

function openBrief(run: Run, next: Run | undefined): string {
  const { plugins, post, pre } = run;
  const note = noteOf(run);
  if (note !== null) return `a tap could not read the request: ${note}`;
  const last = plugins.at(-1);
  if (last?.end === null) return `${last.plugin} was started and has not ended`;
  if (last) return `no plugin after ${last.plugin} is in the log`;
  if (next && pre && !post) return "a plugin between cni_pre and cni_post failed";
  return "it got as far as a plugin between cni_pre and cni_post";
}

function adviceFor(failure: Failure | null, name: string): string {
  if (failure === null)
    return `cnitap show ${name} prints the command that finds the plugin's words in the runtime's journal; cnitap install --mode wrap logs them.`;
  const { plugin, end } = { plugin: failure.call.plugin, end: failure.end };
  if (/failed to find plugin/.test(end.output))
    return "Put the executable into the runtime's plugin folder, or take the plugin out of the network's list.";
  return `Correct what ${plugin} complains of; cnitap show ${name} shows what it was given.`;
}

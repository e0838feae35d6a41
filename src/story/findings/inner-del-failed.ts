import { failedBefore, orderOf } from "../del-order.ts";
import type { LogFacts } from "../log-facts.ts";
import { type Attached, isWhole, type Pod } from "../pod.ts";
import { linesOf, type Run } from "../runs.ts";
import { aboutAttached, type Check, counted, inNetwork, type MakeCheck, podName } from "./finding.ts";
import { absenceIn, failureOf, isToldElsewhere, nextRun, saidBy } from "./what-failed.ts";

/** A DEL began and did not come to its end: a plugin failed, and those after it kept what they hold (cilium#8313). */
export const innerDelFailed: MakeCheck = (log, report): Check => ({
  pod: (pod: Pod) => {
    for (const attached of pod.attached) {
      const { dels, runs, network } = attached;
      const stopped = dels.filter(
        (del) => hasStopped(del, attached, log) && !isToldElsewhere(del, nextRun(runs, del)),
      );
      const [first] = stopped;
      if (first === undefined || isOnce(stopped, dels)) continue;
      const last = stopped.at(-1) ?? first;
      const later = dels.slice(dels.indexOf(last) + 1).find(isWhole);
      const failure = failureOf(last);
      const sure = stopped.some((del) => isSure(del, nextRun(runs, del)));
      const by = failure?.caller ? ` (called by ${failure.caller.plugin})` : "";
      const brief = failure
        ? `${failure.call.plugin}${by} failed in its DEL and said ${saidBy(failure.end)}`
        : "a plugin between cni_post and cni_pre failed in its DEL, or does not end";
      const times = stopped.length > 1 ? `, ${counted(stopped.length, "time")}` : "";
      const end = later ? "; a later DEL came to its end" : "";
      report(
        aboutAttached(attached, {
          ...{ code: "inner-del-failed", severity: later ? "warning" : "error", timeMs: first.begunMs },
          brief: `${brief}${end}`,
          plugin: failure?.call.plugin ?? null,
          sentence: `The DEL of ${podName(pod.story)}${inNetwork(network)} stopped half-way${times}: ${brief}${end}`,
          lines: stopped.flatMap(linesOf),
          ...(sure ? {} : { absence: absenceIn(last, nextRun(runs, last)) }),
          advice: later
            ? "Nothing is left to do for this pod, but its end took longer than it should."
            : failure
              ? `Correct what ${failure.call.plugin} complains of. The plugins before it in the list have not freed what they gave.`
              : "The runtime's journal has the plugin's words; cnitap install --mode wrap logs them.",
        }),
      );
    }
  },
});

/** A DEL after a whole one is called again until it ends well: of one alone only the end was lost. */
function isOnce([stopped, ...more]: readonly Run[], dels: readonly Run[]): boolean {
  if (stopped === undefined || stopped.failed !== null || more.length > 0) return false;
  const isLast = dels.at(-1) === stopped;
  return isLast && orderOf(stopped, true) === "second" && dels.some((del) => del !== stopped && isWhole(del));
}

/** Whether the log says that a DEL stopped, and does not only lack its end. */
export function isSure(del: Run, next: Run | undefined): boolean {
  return del.failed !== null || failedBefore(del, next) === true;
}

/** Whether a DEL stopped: at a plugin's failure, or the last one never came although it was there still. */
export function hasStopped(del: Run, { network, runs, add }: Attached, log: LogFacts): boolean {
  if (isWhole(del)) return false;
  if (del.failed !== null) return true;
  const next = nextRun(runs, del);
  if (failedBefore(del, next) === false) return false; // it went through
  const over = next !== undefined || log.isStuck(del.lastMs);
  if (!over) return false;
  if (del.post !== null) return log.sawPreAfter(network, del.post.line);
  if (del.plugins.some(({ end }) => end === null)) return true;
  // The list's first plugin, which must come last, may not be wrapped any more.
  const [first] = add?.plugins ?? [];
  return first !== undefined && log.sawPluginAfter(network, first.plugin, Math.max(...linesOf(del)));
}

import type { Attached, Pod } from "../pod.ts";
import { linesOf, type Run } from "../runs.ts";
import type { PluginCall, PodStory } from "../story.ts";
import { UnderWay } from "../under-way.ts";
import {
  aboutAttached,
  type Check,
  counted,
  inNetwork,
  type MakeCheck,
  podName,
  shownMs,
} from "./finding.ts";
import { cameUp, isKilled, nextRun } from "./what-failed.ts";

interface Killed {
  readonly story: PodStory;
  readonly attached: Attached;
  readonly call: PluginCall;
  readonly next: Run;
}

/** The runtime's deadline ended a call: it waited too long, often for a lock (azure-container-networking#2817). */
export const callKilled: MakeCheck = (_log, report): Check => {
  const found: Killed[] = [];
  const underWay = new Map<string, UnderWay>();
  return {
    pod: (pod: Pod) => {
      for (const attached of pod.attached)
        for (const run of attached.runs) {
          const next = nextRun(attached.runs, run);
          for (const call of run.calls) {
            if (call.kind !== "plugin") continue;
            const killed = isKilled(call, run, next) && !(call.command === "ADD" && cameUp(pod, attached));
            note(underWay, call, killed ? (next?.begunMs ?? null) : (call.end?.timeMs ?? null));
            if (killed && next) found.push({ story: pod.story, attached, call, next });
          }
        }
    },
    end: () => {
      for (const { story, attached, call, next } of found) {
        const { plugin, command, timeMs } = call;
        const took = timeMs === null || next.begunMs === null ? null : next.begunMs - timeMs;
        const others = timeMs === null ? 0 : (underWay.get(plugin)?.at(timeMs) ?? 1) - 1;
        const after = took === null ? "" : ` after at most ${shownMs(took)}`;
        const beside =
          others > 0
            ? `; ${counted(others, "other call")} of ${plugin} ${others === 1 ? "was" : "were"} under way`
            : "";
        report(
          aboutAttached(attached, {
            ...{ code: "call-killed", severity: "error", timeMs, plugin },
            brief: `${plugin} did not end its ${command} in time and was killed`,
            sentence: `${plugin} did not end the ${command} of ${podName(story)}${inNetwork(attached.network)}: it was killed${after}${beside}`,
            lines: [...linesOf({ calls: [call] }), ...linesOf(next).slice(0, 1)],
            advice:
              others > 0
                ? `Look for what ${plugin} waits for, such as a lock that all of its calls take.`
                : `Look for what ${plugin} waits for: its daemon, its data store, or the API server.`,
          }),
        );
      }
    },
  };
};

function note(all: Map<string, UnderWay>, { plugin, timeMs }: PluginCall, endMs: number | null): void {
  if (timeMs === null) return;
  const known = all.get(plugin) ?? new UnderWay();
  all.set(plugin, known);
  known.add(timeMs, endMs ?? timeMs);
}

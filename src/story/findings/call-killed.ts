import { failedBefore } from "../del-order.ts";
import type { Pod, Who } from "../pod.ts";
import { linesOf, type Run } from "../runs.ts";
import type { LineNumber, PluginCall } from "../story.ts";
import { UnderWay } from "../under-way.ts";
import {
  about,
  type Check,
  counted,
  type Finding,
  inNetwork,
  type MakeCheck,
  podName,
  shownMs,
} from "./finding.ts";
import { absenceIn, cameUp, isKilled, nextRun } from "./what-failed.ts";

interface Killed {
  readonly who: Who;
  readonly network: string | null;
  readonly plugin: string;
  readonly command: string;
  readonly timeMs: number | null;
  /** When the runtime went on. */
  readonly nextMs: number | null;
  readonly lines: readonly LineNumber[];
  readonly absence: Pick<Finding, "absence">;
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
            note(underWay, call, killed, next);
            if (!killed || next === undefined) continue;
            const { plugin, command, timeMs } = call;
            const lines = [...linesOf({ calls: [call] }), ...linesOf(next).slice(0, 1)];
            const who = pod.who;
            const { network } = attached;
            const absence = failedBefore(run, next) ? {} : { absence: absenceIn(run, next) };
            found.push({ who, network, plugin, command, timeMs, nextMs: next.begunMs, lines, absence });
          }
        }
    },
    end: () => {
      for (const { who, network, plugin, command, timeMs, nextMs, lines, absence } of found) {
        const took = timeMs === null || nextMs === null ? null : nextMs - timeMs;
        const others = timeMs === null ? 0 : (underWay.get(plugin)?.at(timeMs) ?? 1) - 1;
        const after = took === null ? "" : ` after at most ${shownMs(took)}`;
        const beside =
          others > 0
            ? `; ${counted(others, "other call")} of ${plugin} ${others === 1 ? "was" : "were"} under way`
            : "";
        report(
          about(who, network, {
            ...{ code: "call-killed", severity: "error", timeMs, plugin },
            brief: `${plugin} did not end its ${command} in time and was killed`,
            sentence: `${plugin} did not end the ${command} of ${podName(who)}${inNetwork(network)}: it was killed${after}${beside}`,
            lines,
            ...absence,
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

function note(all: Map<string, UnderWay>, call: PluginCall, killed: boolean, next: Run | undefined): void {
  const { plugin, timeMs, end } = call;
  if (timeMs === null) return;
  const known = all.get(plugin) ?? new UnderWay();
  all.set(plugin, known);
  if (end !== null) known.add(timeMs, end.timeMs);
  else if (killed) known.add(timeMs, next?.begunMs ?? timeMs);
  else if (next === undefined) known.add(timeMs, null); // else its end line was lost
}

import type { Pod, Who } from "../pod.ts";
import { about, type Check, type MakeCheck, podName, SOON_LINES } from "./finding.ts";
import { isUntapped } from "./untapped-runs.ts";

/** The log may begin while a pod is made. */
const START_MS = 2000;

/** A pod came up and no tap saw its ADD: it has another network, or the list lost its taps (istio#11037). */
export const untapped: MakeCheck = (log, report): Check => {
  const found: { readonly who: Who; readonly line: number; readonly timeMs: number }[] = [];
  return {
    pod: (pod: Pod) => {
      const { run, who } = pod;
      if (!isUntapped(pod) || run === null || run.timeMs === null) return;
      found.push({ who, line: run.line, timeMs: run.timeMs });
    },
    end: () => {
      const { firstTapMs } = log;
      if (firstTapMs === null) return;
      for (const { who, line, timeMs } of found) {
        if (timeMs <= firstTapMs + START_MS) continue;
        const brief = "the runtime told that it runs, but no tap saw its ADD";
        report(
          about(who, null, {
            ...{ code: "untapped", severity: "warning", brief, lines: [line], timeMs },
            absence: [line - SOON_LINES, line],
            sentence: `${podName(who)} has a network, but no tap saw its ADD`,
            advice:
              "cnitap status says whether the taps are in the network's list. If a program rewrote the file, run cnitap install again, with the same options as before.",
          }),
        );
      }
    },
  };
};

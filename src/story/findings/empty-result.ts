import type { Pod } from "../pod.ts";
import { isEmptyResult, linesOf } from "../runs.ts";
import { aboutAttached, type Check, inNetwork, type MakeCheck, podName } from "./finding.ts";

/** A plugin said that all is well and gave no result: "unexpected end of JSON input" (cilium#7718, cni#670). */
export const emptyResult: MakeCheck = (_log, report): Check => ({
  pod: ({ story, attached: all }: Pod) => {
    for (const attached of all)
      for (const { calls } of attached.runs)
        for (const call of calls) {
          if (call.kind !== "plugin" || !isEmptyResult(call)) continue;
          const what = call.end?.output === "null" ? "nothing" : "no JSON object";
          report(
            aboutAttached(attached, {
              ...{ code: "empty-result", severity: "error", timeMs: call.timeMs, plugin: call.plugin },
              brief: `${call.plugin} ended its ADD with exit code 0 and ${what} as its result`,
              sentence: `${call.plugin} ended the ADD of ${podName(story)}${inNetwork(attached.network)} with exit code 0, and gave ${what} as its result`,
              lines: linesOf({ calls: [call] }),
              advice: `This is a bug of ${call.plugin}: look for an error that it does not report, in its own log or its daemon's.`,
            }),
          );
        }
  },
});

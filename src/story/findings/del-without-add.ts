import type { Pod } from "../pod.ts";
import { linesOf } from "../runs.ts";
import { aboutAttached, type Check, inNetwork, type MakeCheck, podName } from "./finding.ts";

/** The attachment is older than the log: nothing can be said of its ADD. */
export const delWithoutAdd: MakeCheck = (log, report): Check => ({
  pod: (pod: Pod) => {
    const classicAdd = pod.attached.some(({ ifname, adds }) => ifname === null && adds.length > 0);
    for (const attached of pod.attached) {
      const { adds, dels, network } = attached;
      const [first] = dels;
      // A result of the classic format names no network: it may be this one's.
      if (adds.length > 0 || first === undefined || classicAdd) continue;
      // Where only cni_post stands, a failed ADD leaves no line; only what was added has a result.
      const { pre } = log.tapsOf(network);
      const seen = pre || first.plugins.length > 0 || log.sources.pre;
      if (!seen && !first.calls.some(({ request }) => request?.prevResult)) continue;
      report(
        aboutAttached(attached, {
          ...{ code: "del-without-add", severity: "note", timeMs: first.begunMs },
          brief: "the ADD is not in the log: it is older, or its line was lost",
          sentence: `The ADD of ${podName(pod.story)}${inNetwork(network)} is not in the log, only its DEL: it is older, or its line was lost`,
          lines: linesOf(first),
          advice:
            "Nothing is to be done. An older log, if there is one, can be given with --log-file before this one.",
        }),
      );
    }
  },
});

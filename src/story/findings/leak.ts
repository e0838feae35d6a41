import { bare } from "../address.ts";
import { type Attached, isAdded, type Pod } from "../pod.ts";
import { linesOf } from "../runs.ts";
import type { EventSeen } from "../story.ts";
import { givenTo } from "./addresses.ts";
import {
  aboutAttached,
  type Check,
  type Finding,
  inNetwork,
  listed,
  type MakeCheck,
  podName,
  SOON_LINES,
} from "./finding.ts";
import { UntappedRuns } from "./untapped-runs.ts";

interface Candidate {
  readonly finding: Finding;
  readonly network: string | null;
  readonly goneMs: number;
}

/** A pod is gone and no DEL was ever called: what its plugins gave is held for good (containerd#5438). */
export const leak: MakeCheck = (log, report): Check => {
  const candidates: Candidate[] = [];
  const runs = new UntappedRuns();
  return {
    pod: (pod: Pod) => {
      runs.add(pod);
      const { gone } = pod;
      if (gone === null || gone.timeMs === null) return;
      for (const attached of pod.attached) {
        if (!isAdded(attached) || attached.dels.length > 0 || attached.nested) continue;
        const finding = findingOf(attached, gone);
        candidates.push({ finding, network: attached.network, goneMs: gone.timeMs });
      }
    },
    end: () => {
      for (const { finding, network, goneMs } of candidates) {
        const { from, to } = log.around(network, goneMs);
        // A runtime may tell the end of a pod before its DEL.
        if (log.isStuck(goneMs) && !runs.between(from, to)) report(finding);
      }
    },
  };
};

function findingOf(attached: Attached, gone: EventSeen): Finding {
  const { pod, network, add } = attached;
  const addresses = givenTo(attached).map(bare);
  const what = addresses.length > 0 ? `: ${listed(addresses)} may be held for good` : "";
  const added = Math.max(0, ...(add ? linesOf(add) : []));
  const how = gone.event === "Vanished" ? "vanished" : "was removed";
  return aboutAttached(attached, {
    ...{ code: "leak", severity: "error", timeMs: gone.timeMs },
    brief: `the pod ${how}, and no DEL was ever called for it`,
    sentence: `${podName(pod)} ${how}, and no DEL was ever called for it${inNetwork(network)}${what}`,
    lines: [...(add ? linesOf(add) : []), gone.line],
    absence: [Math.max(added, gone.line - SOON_LINES), gone.line + SOON_LINES],
    advice:
      "Look in the runtime's journal for the end of this sandbox. Free what it holds with the tool of the network's IPAM plugin.",
  });
}

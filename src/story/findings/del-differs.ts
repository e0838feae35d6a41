import { hasResults, requestOf } from "../del-order.ts";
import { type Attached, isAdded, type Pod } from "../pod.ts";
import type { Request } from "../request.ts";
import { linesOf, type Run } from "../runs.ts";
import {
  aboutAttached,
  type Check,
  type Finding,
  inNetwork,
  listed,
  type MakeCheck,
  podName,
} from "./finding.ts";
import { UntappedRuns } from "./untapped-runs.ts";

interface Candidate {
  readonly finding: Finding;
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/**
 * The first DEL lacks what the ADD had, so that a plugin may not free all of it: port mappings (rke#2999), the result, the
 * network namespace (aws-vpc-cni#1939).
 */
export const delDiffers: MakeCheck = (_log, report): Check => {
  const candidates: Candidate[] = [];
  const runs = new UntappedRuns();
  return {
    pod: (pod: Pod) => {
      runs.add(pod);
      for (const attached of pod.attached) {
        const { add, dels } = attached;
        const [del] = dels;
        if (add === null || del === undefined || !isAdded(attached) || attached.nested) continue;
        const lacking = lackingIn(add, del);
        if (lacking.length > 0) report(findingOf(attached, del, lacking));
        const early = earlyDel(pod, add, dels);
        if (early.length > 0)
          candidates.push({
            finding: findingOf(attached, del, early),
            fromMs: add.endedMs,
            // A DEL with a result is the first one; else the first one may have come while no tap was there.
            toMs: requestOf(del)?.prevResult ? null : del.begunMs,
          });
      }
    },
    end: () => {
      for (const { finding, fromMs, toMs } of candidates)
        if (fromMs === null || toMs === null || !runs.between(fromMs, toMs)) report(finding);
    },
  };
};

/** What `runtimeConfig` had in the ADD and not in the DEL, of a tap or plugin that is asked for it in both. */
function lackingIn(add: Run, del: Run): string[] {
  const lacking: string[] = [];
  const compare = (had: Request | null, has: Request | null) => {
    for (const name of had?.runtimeConfig ?? []) {
      const lacks = had && has && isDeclared(name, had, has) && !has.runtimeConfig.includes(name);
      if (lacks && !lacking.includes(name)) lacking.push(name);
    }
  };
  compare(add.pre?.request ?? null, del.pre?.request ?? del.post?.request ?? null);
  for (const { plugin, request } of add.plugins)
    compare(request, del.plugins.find((call) => call.plugin === plugin)?.request ?? null);
  return lacking.map((name) => `runtimeConfig.${name}`);
}

/** A stanza that does not declare a capability does not get it. */
function isDeclared(name: string, had: Request, has: Request): boolean {
  return has.capabilities.includes(name) || !had.capabilities.includes(name);
}

/** What only the first DEL must have. */
function earlyDel(pod: Pod, add: Run, dels: readonly Run[]): string[] {
  const [del] = dels;
  if (del === undefined) return [];
  const request = requestOf(del);
  // Wrappers alone do not tell whether the whole chain ended well, and only then there is a result.
  const cached = add.post !== null || pod.run !== null;
  // Of a DEL whose request was lost, nobody knows which one it is.
  if (request === null) return [];
  const lacksResult = request.prevResult === null && hasResults(del);
  // A sandbox that died keeps its result until its first DEL. This is a second DEL: no tap saw the first one. Where no
  // namespace tells them apart, it may be if it is the only one.
  if (lacksResult && (del.netns === "" || (del.netns === null && dels.length < 2))) return [];
  return [...(del.netns === "" ? ["CNI_NETNS"] : []), ...(lacksResult && cached ? ["prevResult"] : [])];
}

const ADVICE: Readonly<Record<string, string>> = {
  CNI_NETNS: "The sandbox had died before. Some plugins then free nothing: see whether its address is free.",
  prevResult: "libcni's cache has lost the ADD's result: see whether /var/lib/cni/results was emptied.",
};

function findingOf(attached: Attached, del: Run, lacking: readonly string[]): Finding {
  const { pod, network, add } = attached;
  const [first = ""] = lacking;
  return aboutAttached(attached, {
    ...{ code: "del-differs", severity: "warning", timeMs: del.begunMs },
    brief: `the first DEL lacks ${listed(lacking)}, which the ADD had`,
    sentence: `The first DEL of ${podName(pod)}${inNetwork(network)} lacks ${listed(lacking)}, which the ADD had`,
    lines: [...(add ? linesOf(add).slice(0, 1) : []), ...linesOf(del).slice(0, 1)],
    advice:
      ADVICE[first] ??
      "Plugins that free by it, such as portmap, leave their rules behind: look for them with iptables-save.",
  });
}

import type { NodeFacts } from "./facts.ts";
import { cacheBroken } from "./findings/cache-broken.ts";
import { cacheOrphan } from "./findings/cache-orphan.ts";
import { NODE_CODES } from "./findings/codes.ts";
import { hostportMissing } from "./findings/hostport-missing.ts";
import { hostportStale } from "./findings/hostport-stale.ts";
import { ipamEmpty } from "./findings/ipam-empty.ts";
import { ipamFull } from "./findings/ipam-full.ts";
import { ipamStale } from "./findings/ipam-stale.ts";
import { netnsLeft } from "./findings/netns-left.ts";
import type { Look, NodeCheck, NodeFinding } from "./findings/node-finding.ts";
import { nodeLeak } from "./findings/node-leak.ts";
import { resultHostIp } from "./findings/result-host-ip.ts";
import { Lives } from "./lives.ts";
import type { LogPods } from "./log-pods.ts";

const CHECKS: readonly NodeCheck[] = [
  ...[cacheBroken, nodeLeak, ipamFull, ipamEmpty, hostportMissing],
  ...[resultHostIp, ipamStale, hostportStale, netnsLeft, cacheOrphan],
];

/**
 * Judges what a node shows at one look, or at two some seconds apart: of two, only what both show, since a pod may be made
 * or ended during one.
 */
export function judgeNode(looks: readonly NodeFacts[], log: LogPods): NodeFinding[] {
  const judged = looksOf(looks, log);
  const order = Object.keys(NODE_CODES);
  return CHECKS.flatMap((check) => check(judged)).sort(
    (one, other) => order.indexOf(one.code) - order.indexOf(other.code),
  );
}

/** The looks as checks take them. */
export function looksOf(looks: readonly NodeFacts[], log: LogPods): Look[] {
  return looks.map((facts) => ({ facts, lives: new Lives(facts, log), log }));
}

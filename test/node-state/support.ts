import { parseLogLine } from "../../src/log/log-line.ts";
import type { CachedAttachment, CacheFile, NodeFacts, Pool, RuntimePod } from "../../src/node-state/facts.ts";
import type { NodeCode } from "../../src/node-state/findings/codes.ts";
import type { NodeFinding } from "../../src/node-state/findings/node-finding.ts";
import { judgeNode } from "../../src/node-state/judge-node.ts";
import { LogPods } from "../../src/node-state/log-pods.ts";
import { poolsOf } from "../../src/node-state/pools.ts";
import type { Reservation, ReservationDirectory } from "../../src/node-state/reservations.ts";
import { Audit } from "../../src/story/audit.ts";

export const BOOT_MS = 1_000_000;
export const NETWORK = "net";
export const DIRECTORY = `/var/lib/cni/networks/${NETWORK}`;

/** A container ID as runtimes make them. */
export const idOf = (n: number) => n.toString(16).padStart(64, "0");
export const netnsOf = (n: number) =>
  `/var/run/netns/cni-00000000-0000-0000-0000-${n.toString(16).padStart(12, "0")}`;
const inodeOf = (n: number) => 4_026_532_000 + n;

/** A pod's attachment in libcni's cache. */
export function cached(n: number, more: Partial<CachedAttachment> = {}): CacheFile {
  const containerId = more.containerId ?? idOf(n);
  return {
    path: `/var/lib/cni/results/${NETWORK}-${containerId}-eth0`,
    ...{ problem: null, mtimeMs: BOOT_MS + 1 },
    attachment: {
      ...{ containerId, network: NETWORK, ifname: "eth0", netns: netnsOf(n), portMappings: [] },
      pod: { namespace: "default", name: `web-${n}` },
      plugins: [{ type: "bridge", backend: null }],
      addresses: [{ address: `10.1.2.${n}`, ofHost: false }],
      ...more,
    },
  };
}

/** A file of host-local. */
export function reserved(n: number, more: Partial<Reservation> = {}): Reservation {
  const address = `10.1.2.${n}`;
  const about = { containerId: idOf(n), ifname: "eth0", mtimeMs: BOOT_MS + 1 };
  return { path: `${DIRECTORY}/${address}`, address, ...about, ...more };
}

export function directory(...files: readonly Reservation[]): ReservationDirectory {
  return { path: DIRECTORY, network: NETWORK, files };
}

/** A pod as the runtime lists it. */
export function listed(n: number, ready = true): RuntimePod {
  return { id: idOf(n), pod: { namespace: "default", name: `web-${n}` }, ready, netns: null };
}

export function pools(ipam: object): Pool[] {
  const list = { name: NETWORK, plugins: [{ type: "bridge", ipam: { type: "host-local", ...ipam } }] };
  return poolsOf(list, "/etc/cni/net.d/10-net.conflist", () => null);
}

/** A healthy node with pods of these numbers. */
export function node(...pods: readonly number[]): NodeFacts {
  return {
    bootMs: BOOT_MS,
    cache: pods.map((n) => cached(n)),
    reservations: [directory(...pods.map((n) => reserved(n)))],
    pools: pools({ subnet: "10.1.2.0/24" }),
    namespaces: {
      mounted: pods.map((n) => ({ path: netnsOf(n).replace("/var", ""), inode: inodeOf(n) })),
      there: new Set(pods.map(netnsOf)),
    },
    processes: { ids: new Set(pods.map(idOf)), namespaces: new Set(pods.map(inodeOf)), calls: [] },
    rules: { ip4: new Map(), ip6: new Map(), nft: null },
    hostAddresses: ["127.0.0.1", "192.168.0.5", "10.1.2.254", "fe80::1"],
    runtime: { name: "containerd", version: "v1.7.24", pods: pods.map((n) => listed(n)) },
    gaps: [],
  };
}

/** Lines of a log, as the findings take them. */
export function logOf(...lines: readonly string[]): LogPods {
  const log = new LogPods(() => false);
  const audit = new Audit({ stuckMs: 60_000, eachPod: (pod) => log.add(pod) });
  lines.forEach((line, at) => {
    audit.add(at + 1, parseLogLine(line) ?? line);
  });
  audit.end();
  return log;
}

/** What is found of one code, if both looks show the same. Everything else must be silent unless `among`. */
export function found(
  code: NodeCode,
  facts: NodeFacts,
  log = logOf(),
  among: readonly NodeCode[] = [],
): NodeFinding[] {
  const all = judgeNode([facts, facts], log);
  const others = all.filter((one) => one.code !== code && !among.includes(one.code));
  if (others.length > 0)
    throw new Error(`Found besides: ${others.map(({ sentence }) => sentence).join("; ")}`);
  return all.filter((one) => one.code === code);
}

export function sentences(
  code: NodeCode,
  facts: NodeFacts,
  log = logOf(),
  among: readonly NodeCode[] = [],
): string[] {
  return found(code, facts, log, among).map(({ sentence }) => sentence);
}

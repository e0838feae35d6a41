import { addressKey } from "../address.ts";
import { orderOf } from "../del-order.ts";
import { type Attached, isAdded, type Pod, type Who } from "../pod.ts";
import type { LineNumber } from "../story.ts";
import { bare, givenTo } from "./addresses.ts";
import { about, type Check, inNetwork, type MakeCheck, podName } from "./finding.ts";

/** How long an attachment has an address. In the classic format lines stand for times. */
interface Holding {
  readonly who: Who;
  readonly ifname: string | null;
  readonly address: string;
  readonly line: LineNumber;
  readonly from: number;
  readonly to: number;
  readonly timed: boolean;
  /** Whether the log tells its end; else a DEL may have been lost. */
  readonly sure: boolean;
}

/** Two pods have one address, or had it for a time (calico#1406, whereabouts#409). */
export const duplicateIp: MakeCheck = (_log, report): Check => {
  const networks = new Map<string | null, Map<string, Holding[]>>();
  return {
    pod: (pod: Pod) => {
      for (const attached of pod.attached)
        for (const holding of holdingsOf(attached, pod)) {
          const known = networks.get(attached.network) ?? new Map<string, Holding[]>();
          networks.set(attached.network, known);
          const key = addressKey(holding.address);
          const others = known.get(key);
          if (others) others.push(holding);
          else known.set(key, [holding]);
        }
    },
    end: () => {
      for (const [network, addresses] of networks)
        for (const holdings of addresses.values()) {
          holdings.sort((one, other) => one.from - other.from || one.line - other.line);
          let longest: Holding | null = null;
          for (const newer of holdings) {
            if (longest && overlap(longest, newer)) report(findingOf(longest, newer, network));
            if (longest === null || newer.to >= longest.to) longest = newer;
          }
        }
    },
  };
};

function overlap(older: Holding, newer: Holding): boolean {
  if (older.who.containerId === newer.who.containerId && older.ifname === newer.ifname) return false;
  return older.timed === newer.timed && older.to > newer.from;
}

/** An address goes to the next pod before the DEL of its owner has ended, but not before it has begun. */
function holdingsOf(attached: Attached, { gone, who }: Pod): Holding[] {
  const { ifname, add, dels, nested } = attached;
  const [first] = dels;
  if (!isAdded(attached) || add === null || nested) return [];
  const order = first ? orderOf(first, true) : "unknown";
  if (first?.netns === "" || order === "second") return [];
  const last = add.calls.at(-1);
  const line = add.post?.line ?? (last?.kind === "plugin" ? last.end?.line : last?.line) ?? 0;
  const timed = add.endedMs !== null;
  const ends = [
    timed ? first?.calls[0]?.timeMs : first?.calls[0]?.line,
    timed ? gone?.timeMs : gone?.line,
  ].filter((one) => one !== null && one !== undefined);
  return givenTo(attached).map((address) => ({
    ...{ who, ifname, address: bare(address), line, timed },
    from: add.endedMs ?? line,
    to: Math.min(Number.POSITIVE_INFINITY, ...ends),
    sure: order === "first" && timed,
  }));
}

function findingOf(older: Holding, newer: Holding, network: string | null) {
  const { who, address, line, from, timed } = newer;
  const other = podName(older.who);
  const still = older.to === Number.POSITIVE_INFINITY ? "has it" : "had it then";
  return about(who, network, {
    ...{ code: "duplicate-ip", severity: "error", timeMs: timed ? from : null },
    brief: "it got the address of another pod",
    sentence: `${podName(who)} got ${address}${inNetwork(network)}, but ${other} ${still}`,
    lines: [older.line, line],
    ...(older.sure ? {} : { absence: [older.line, line] as const }),
    advice: `One of the two has no working network: delete ${podName(who)} or ${other}, and see why the IPAM plugin took the address for free.`,
  });
}

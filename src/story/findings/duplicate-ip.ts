import { addressKey, bare } from "../address.ts";
import { orderOf } from "../del-order.ts";
import { type Attached, isAdded, type Pod, type Who } from "../pod.ts";
import { Rows } from "../rows.ts";
import type { LineNumber } from "../story.ts";
import { hashOf, Names, Texts } from "../texts.ts";
import { givenTo } from "./addresses.ts";
import { about, type Check, type Finding, inNetwork, type MakeCheck, podName } from "./finding.ts";

/** How long an attachment has an address. In the classic format lines stand for times. */
interface Holding {
  readonly who: Who;
  readonly network: string | null;
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
export const duplicateIp: MakeCheck = ({ roster }, report): Check => {
  /** A hash of network and address, and the members of Holding. */
  const rows = new Rows(8);
  const names = new Names();
  const addresses = new Texts();
  const holdingAt = (row: number): Holding => ({
    ...{ who: roster.get(rows.get(row, 1)), network: names.nameOf(rows.get(row, 2)) },
    ...{ ifname: names.nameOf(rows.get(row, 3) >> 2), timed: (rows.get(row, 3) & 1) !== 0 },
    ...{ sure: (rows.get(row, 3) & 2) !== 0, address: addresses.get(rows.get(row, 4)) },
    ...{ line: rows.get(row, 5), from: rows.get(row, 6), to: rows.get(row, 7) },
  });
  return {
    pod: (pod: Pod) => {
      for (const attached of pod.attached)
        for (const { who, network, ifname, address, line, from, to, timed, sure } of holdingsOf(
          attached,
          pod,
        ))
          rows.add([
            hashOf(addressKey(address), hashOf(network ?? "")),
            roster.add(who),
            names.numberOf(network),
            4 * names.numberOf(ifname) + (sure ? 2 : 0) + (timed ? 1 : 0),
            addresses.add(address),
            line,
            from,
            to,
          ]);
    },
    end: () => {
      const found = rows.findAmongSame(0, ([...alike]) =>
        [...byAddress(alike.map(holdingAt))].flatMap(overlapsIn),
      );
      for (const finding of found) report(finding);
    },
  };
};

function overlapsIn(holdings: readonly Holding[]): Finding[] {
  const found: Finding[] = [];
  let longest: Holding | null = null;
  for (const newer of [...holdings].sort((one, other) => one.from - other.from || one.line - other.line)) {
    if (longest && overlap(longest, newer)) found.push(findingOf(longest, newer));
    if (longest === null || newer.to >= longest.to) longest = newer;
  }
  return found;
}

/** Those of one network and address. */
function byAddress(holdings: readonly Holding[]): Iterable<Holding[]> {
  const all = new Map<string, Holding[]>();
  for (const holding of holdings) {
    const key = JSON.stringify([holding.network, addressKey(holding.address)]);
    const others = all.get(key);
    if (others) others.push(holding);
    else all.set(key, [holding]);
  }
  return all.values();
}

function overlap(older: Holding, newer: Holding): boolean {
  if (older.who.containerId === newer.who.containerId && older.ifname === newer.ifname) return false;
  return older.timed === newer.timed && older.to > newer.from;
}

/** An address goes to the next pod before the DEL of its owner has ended, but not before it has begun. */
function holdingsOf(attached: Attached, { gone, who }: Pod): Holding[] {
  const { network, ifname, add, dels, nested } = attached;
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
    ...{ who, network, ifname, address: bare(address), line, timed },
    from: add.endedMs ?? line,
    to: Math.min(Number.POSITIVE_INFINITY, ...ends),
    sure: order === "first" && timed,
  }));
}

function findingOf(older: Holding, newer: Holding) {
  const { who, network, address, line, from, timed } = newer;
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

import { isMembers, type Members, objectsOf, textIn } from "../log/json.ts";
import { type Address, readAddress } from "../story/address.ts";
import type { Pool, Range } from "./facts.ts";

/** host-local's own default. */
export const DATA_DIR = "/var/lib/cni/networks";

/** Where flannel's daemon says which subnet the node has. */
export const SUBNET_FILE = "/run/flannel/subnet.env";

/**
 * The pools of a network: the plugins of its list whose IPAM is host-local, at any depth, as Multus and others hand them
 * on. Of what is filled in only at run time (`usePodCidr`, `ipRanges`) nothing is known.
 * @param subnetFile reads flannel's file; null if it is not there
 */
export function poolsOf(list: unknown, file: string, subnetFile: (path: string) => string | null): Pool[] {
  if (!isMembers(list)) return [];
  const network = textIn(list, "name");
  const entries = Array.isArray(list.plugins) ? objectsOf(list.plugins) : [list];
  return entries.flatMap((entry) => poolsIn(entry, network, file, subnetFile, 0));
}

const MOST_DEPTH = 20;

function poolsIn(
  entry: Members,
  network: string | null,
  file: string,
  subnetFile: (path: string) => string | null,
  depth: number,
): Pool[] {
  if (depth > MOST_DEPTH) return [];
  const found: Pool[] = [];
  const type = textIn(isMembers(entry.cniTap) ? entry.cniTap : entry, "type") ?? textIn(entry, "type");
  const { ipam } = entry;
  const dataDir = (isMembers(ipam) ? textIn(ipam, "dataDir") : null) ?? DATA_DIR;
  if (type === "flannel" && network !== null) {
    const text = subnetFile(textIn(entry, "subnetFile") ?? SUBNET_FILE);
    const sets = text === null ? [] : flannelSets(text);
    if (sets.length > 0) found.push({ network, file, dataDir, sets });
  } else if (isMembers(ipam) && ipam.type === "host-local" && network !== null) {
    const sets = setsOf(ipam);
    if (sets !== null && sets.length > 0) found.push({ network, file, dataDir, sets });
  }
  const delegates = Array.isArray(entry.delegates) ? objectsOf(entry.delegates) : [];
  for (const inner of delegates) {
    const name = textIn(inner, "name") ?? network;
    const entries = Array.isArray(inner.plugins) ? objectsOf(inner.plugins) : [inner];
    found.push(...entries.flatMap((one) => poolsIn(one, name, file, subnetFile, depth + 1)));
  }
  return found;
}

/** The range sets of an `ipam`: its own `subnet`, then `ranges`. Null: one of them cannot be told. */
function setsOf(ipam: Members): Range[][] | null {
  const own = "subnet" in ipam ? [[ipam]] : [];
  const more = Array.isArray(ipam.ranges) ? ipam.ranges.map((set) => objectsOf(set)) : [];
  const sets = [...own, ...more].map((set) => set.map(rangeOf));
  return sets.some((set) => set.length === 0 || set.includes(null))
    ? null
    : sets.map((set) => set.filter((one) => one !== null));
}

/** A range as host-local completes it; null if it would refuse it. */
export function rangeOf(value: Members): Range | null {
  const subnet = readAddress(textIn(value, "subnet") ?? "");
  if (subnet === null || subnet.prefix === null) return null;
  const bits = subnet.family === 4 ? 32 : 128;
  if (subnet.prefix > bits - 2) return null;
  const rest = BigInt(bits - subnet.prefix);
  const first = (subnet.value >> rest) << rest;
  const last = first + (1n << rest) - 1n;
  const inside = (key: string, otherwise: bigint): bigint | null => {
    const text = textIn(value, key);
    if (text === null) return otherwise;
    const address: Address | null = readAddress(text);
    if (address === null || address.family !== subnet.family) return null;
    return address.value < first || address.value > last ? null : address.value;
  };
  const gateway = inside("gateway", first + 1n);
  const from = inside("rangeStart", first + 1n);
  const to = inside("rangeEnd", subnet.family === 4 ? last - 1n : last);
  if (gateway === null || from === null || to === null || to < from) return null;
  const ends = [textIn(value, "rangeStart"), textIn(value, "rangeEnd")];
  const words = [
    textIn(value, "subnet") ?? "",
    ...(ends[0] === null ? [] : [`from ${ends[0]}`]),
    ...(ends[1] === null ? [] : [`to ${ends[1]}`]),
  ].join(" ");
  return { family: subnet.family, from, to, gateway, words };
}

/** The sets that flannel makes of its subnets. */
function flannelSets(text: string): Range[][] {
  const told = (key: string) => new RegExp(`^${key}=(\\S+)`, "m").exec(text)?.[1];
  return ["FLANNEL_SUBNET", "FLANNEL_IPV6_SUBNET"].flatMap((key) => {
    const subnet = told(key);
    const range = subnet === undefined ? null : rangeOf({ subnet });
    return range === null ? [] : [[range]];
  });
}

/** How many addresses a range has to give. */
export function sizeOf({ from, to, gateway }: Range): bigint {
  return to - from + 1n - (gateway >= from && gateway <= to ? 1n : 0n);
}

/** Whether a range gives an address. */
export function isGiven({ family, from, to, gateway }: Range, address: Address): boolean {
  return (
    family === address.family && address.value >= from && address.value <= to && address.value !== gateway
  );
}

import { DeviceError } from "./device-error.ts";

/** An address of an interface, as ip(8) shows it. */
export interface Address {
  readonly family: 4 | 6;
  readonly local: string;
  readonly prefix: number;
  /** The other end of a point-to-point address. */
  readonly peer: string | null;
  readonly broadcast: string | null;
  readonly scope: string;
  /** "eth1:1" of an IPv4 address; null if it is the interface's name. */
  readonly label: string | null;
  readonly metric: number | null;
  /** Seconds; null: for ever. */
  readonly validS: number | null;
  readonly preferredS: number | null;
  /** Flags that ip-address(8) takes: nodad, home, mngtmpaddr, noprefixroute, autojoin. */
  readonly flags: readonly string[];
}

/** A network interface. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** "veth", "vlan" and so on; "" of hardware. */
  readonly kind: string;
  /** The hardware address; "" if it has none. */
  readonly mac: string;
  /** The address that the hardware came with, where it is another one. */
  readonly permanentMac: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly alias: string;
  /** The bridge or bond that it is a port of; "" if none. */
  readonly master: string;
  /** The interface that it stands on, such as eth0 of eth0.100; of a veth the other end. */
  readonly lower: string;
  /** Whether what it stands on, or its other end, is in another network namespace. */
  readonly lowerElsewhere: boolean;
  readonly addresses: readonly Address[];
}

const ADDRESS_FLAGS = ["nodad", "home", "mngtmpaddr", "noprefixroute", "autojoin"];
/** What ip(8) shows of a lifetime that never ends. */
const FOREVER = 0xffff_ffff;

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads `ip -j -d address show`.
 * @throws {DeviceError} if it is something else
 */
export function readLinks(json: string): Link[] {
  return objects(parse(json))
    .filter((one) => typeof one.ifname === "string")
    .map(readLink);
}

/**
 * Whether there is a route in `ip -j route show` that the kernel has not made of an address.
 * @throws {DeviceError} if it is something else
 */
export function hasOwnRoutes(json: string): boolean {
  return objects(parse(json)).some(({ protocol }) => protocol !== "kernel" && protocol !== "ra");
}

/**
 * Reads `ip -j route show`: the names of the interfaces that the routes go out of.
 * @throws {DeviceError} if it is something else
 */
export function readRouteDevices(json: string): string[] {
  const hops = objects(parse(json)).flatMap((route) => [route, ...objects(route.nexthops)]);
  return hops.map(({ dev }) => text(dev)).filter((dev) => dev !== "");
}

/** ip(8) prints nothing instead of an empty list. */
function parse(json: string): unknown {
  try {
    return json.trim() === "" ? [] : JSON.parse(json);
  } catch {
    throw new DeviceError("Cannot read what ip(8) said: it is no JSON");
  }
}

function readLink(link: Json): Link {
  const [info = {}] = objects([link.linkinfo]);
  const flags = list(link.flags);
  const name = text(link.ifname);
  return {
    ...{ index: number(link.ifindex) ?? 0, name, kind: text(info.info_kind) },
    ...{ mac: text(link.address), permanentMac: text(link.permaddr) },
    ...{ mtu: number(link.mtu) ?? 0, up: flags.includes("UP"), alias: text(link.ifalias) },
    ...{ master: text(link.master), lower: text(link.link) },
    lowerElsewhere: number(link.link_netnsid) !== null,
    addresses: objects(link.addr_info).flatMap((address) => readAddress(address, name)),
  };
}

/** None that the kernel makes by itself: temporary ones, and link-local ones where ip(8) tells which those are. */
function readAddress(address: Json, name: string): Address[] {
  const { family, protocol, temporary, local } = address;
  if ((family !== "inet" && family !== "inet6") || typeof local !== "string") return [];
  if (temporary === true || protocol === "kernel_ll") return [];
  const label = text(address.label);
  return [
    {
      ...{ family: family === "inet" ? 4 : 6, local, prefix: number(address.prefixlen) ?? 0 },
      ...{ peer: text(address.address) || null, broadcast: text(address.broadcast) || null },
      ...{ scope: text(address.scope) || "global", label: label === name ? null : label || null },
      metric: number(address.metric),
      ...{ validS: lifetime(address.valid_life_time), preferredS: lifetime(address.preferred_life_time) },
      flags: ADDRESS_FLAGS.filter((flag) => address[flag] === true),
    },
  ];
}

function lifetime(value: unknown): number | null {
  const seconds = number(value);
  return seconds === FOREVER ? null : seconds;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function objects(value: unknown): Json[] {
  return list(value).filter((one): one is Json => typeof one === "object" && one !== null);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

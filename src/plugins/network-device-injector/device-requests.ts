import { BlockList, isIP } from "node:net";
import { goQuote } from "../../nri/logrus.ts";
import { shorten } from "../excerpt.ts";
import { readRecords } from "../records.ts";
import { DeviceError } from "./device-error.ts";
import { isInterfaceName } from "./interface-name.ts";

/** A device that a pod asks for. */
export interface DeviceRequest {
  /** On the host. */
  readonly name: string;
  /** In the pod. */
  readonly podName: string;
  readonly address: { readonly local: string; readonly family: 4 | 6; readonly prefix: number } | null;
  /** In bytes; null: the device keeps its own. */
  readonly mtu: number | null;
}

/**
 * The keys, best first. The first four and their order are those of the original's code (nri v0.12,
 * plugins/network-device-injector), which knows the singular for the new domain and the plural for the old one.
 * Its README has the plural for both.
 */
export const ANNOTATIONS: readonly string[] = [
  ...["netdevice.noderesource.dev/pod", "netdevices.nri.containerd.io/pod"],
  ...["netdevice.noderesource.dev", "netdevices.nri.containerd.io"],
  ...["netdevices.noderesource.dev/pod", "netdevice.nri.containerd.io/pod"],
  ...["netdevices.noderesource.dev", "netdevice.nri.containerd.io"],
];

const FIELDS = { name: "string", new_name: "string", address: "string", prefix: "int", mtu: "int" } as const;
/** Each device takes some 20 ms of the runtime's 2 s. */
const MOST_DEVICES = 16;
const MOST_MTU = 0x7fff_ffff;

/** Addresses that no interface can have. */
const unusable = new BlockList();
unusable.addAddress("0.0.0.0");
unusable.addAddress("255.255.255.255");
unusable.addSubnet("224.0.0.0", 4);
unusable.addAddress("::", "ipv6");
unusable.addSubnet("ff00::", 8, "ipv6");

/**
 * Reads the first annotation that is present, even if it is empty. Without any, no device is asked for.
 * @throws {DeviceError} if it is invalid
 */
export function readRequests(annotations: Readonly<Record<string, string>>): DeviceRequest[] {
  const key = ANNOTATIONS.find((one) => Object.hasOwn(annotations, one));
  if (key === undefined) return [];
  try {
    return readList(annotations[key] ?? "");
  } catch (error) {
    throw new DeviceError(
      `invalid device annotation "${key}": ${error instanceof Error ? error.message : error}`,
    );
  }
}

function readList(text: string): DeviceRequest[] {
  const records = readRecords(text, "netdevice", FIELDS);
  if (records.length > MOST_DEVICES)
    throw new DeviceError(`it has ${records.length} devices, and may have ${MOST_DEVICES}`);
  const requests = records.map((record) => {
    const name = interfaceName("name", record.name);
    const podName = record.new_name === "" ? name : interfaceName("new_name", record.new_name);
    const mtu = inRange("mtu", record.mtu, MOST_MTU) || null;
    return { name, podName, address: readAddress(record.address, record.prefix), mtu };
  });
  refuseRepeated(
    "name",
    requests.map(({ name }) => name),
  );
  refuseRepeated(
    "new_name",
    requests.map(({ podName }) => podName),
  );
  return requests;
}

function interfaceName(field: string, name: string): string {
  if (isInterfaceName(name)) return name;
  throw new DeviceError(`${field} ${quote(name)} is no name of a network interface`);
}

function readAddress(local: string, prefix: bigint): DeviceRequest["address"] {
  if (local === "") {
    if (prefix !== 0n) throw new DeviceError(`prefix ${prefix} without an address`);
    return null;
  }
  const family = local.includes("%") ? 0 : isIP(local); // a zone is not part of an address
  if (family !== 4 && family !== 6) throw new DeviceError(`error parsing address ${quote(local)}`);
  if (unusable.check(local, family === 4 ? "ipv4" : "ipv6"))
    throw new DeviceError(`address ${local} cannot be the address of an interface`);
  const bits = family === 4 ? 32 : 128;
  return { local, family, prefix: inRange("prefix", prefix, bits) || bits }; // 0 is none
}

function inRange(field: string, value: bigint, most: number): number {
  if (value >= 0n && value <= BigInt(most)) return Number(value);
  throw new DeviceError(`${field} ${value} is not between 0 and ${most}`);
}

function refuseRepeated(field: string, names: readonly string[]): void {
  const again = names.find((name, at) => names.indexOf(name) < at);
  if (again !== undefined) throw new DeviceError(`two devices have the ${field} ${again}`);
}

function quote(text: string): string {
  return goQuote(shorten(text));
}

import { printable } from "../../log/printable.ts";
import type { DeviceRequest } from "./device-requests.ts";
import type { HeldDevice, Home } from "./held.ts";
import type { Address, Link } from "./links.ts";

const ETHERNET = /^(?:[\da-f]{2}:){5}[\da-f]{2}$/;

/** A call of ip(8). */
export interface Step {
  /** In whose network namespace. */
  readonly where: "host" | "pod";
  /** Completes "Cannot …". */
  readonly doing: string;
  readonly args: readonly string[];
}

/**
 * Moves a device into a pod. The kernel takes name, mtu and alias with the move, so nobody sees it half done. What
 * has the name on the host is moved, which is checked afterwards.
 * @param netns the path of the pod's network namespace
 */
export function enterStep({ name, podName, mtu }: DeviceRequest, netns: string): Step {
  const size = mtu === null ? [] : ["mtu", String(mtu)];
  return {
    where: "host",
    doing: `move ${name} into the pod as ${podName}${mtu === null ? "" : ` with mtu ${mtu}`}`,
    args: ["link", "set", "dev", name, "netns", netns, "name", podName, ...size, "alias", name],
  };
}

/** Makes a device that is in the pod usable. */
export function readySteps({ podName, address }: DeviceRequest): Step[] {
  const up = setStep("pod", podName, `set ${podName} up`, ["up"]);
  if (!address) return [up];
  const { local, family, prefix } = address;
  const broadcast = family === 4 && prefix < 31 ? ["brd", "+"] : [];
  const add: Step = {
    where: "pod",
    doing: `give ${podName} the address ${local}/${prefix}`,
    args: ["address", "add", `${local}/${prefix}`, ...broadcast, "dev", podName],
  };
  return [add, up];
}

/**
 * Moves a device out of a pod, under the name it had.
 * @param hostPid a process in the host's network namespace
 */
export function leaveStep(link: Link, home: Home, hostPid: number): Step {
  const mac = link.mac !== home.mac && ETHERNET.test(home.mac) ? ["address", home.mac] : [];
  const mtu = link.mtu === home.mtu ? [] : ["mtu", String(home.mtu)];
  return {
    where: "pod",
    doing: `move ${printable(link.name)} back to the host as ${home.name}`,
    args: ["link", "set", "dev", link.name, "netns", String(hostPid), "name", home.name, ...mac, ...mtu],
  };
}

/** Makes a device that is on the host again what it was. Nothing if it is. */
export function homeSteps(link: Link, home: Home): Step[] {
  const { name } = home;
  const steps: Step[] = [];
  if (link.name !== name) {
    // Older kernels rename only what is down.
    if (link.up) steps.push(setStep("host", link.name, `set ${printable(link.name)} down`, ["down"]));
    steps.push(setStep("host", link.name, `rename ${printable(link.name)} to ${name}`, ["name", name]));
  }
  const first = [
    ...(link.mac !== home.mac && ETHERNET.test(home.mac) ? ["address", home.mac] : []),
    ...(link.mtu === home.mtu ? [] : ["mtu", String(home.mtu)]),
    ...(link.master === home.master || home.master === "" ? [] : ["master", home.master]),
  ];
  if (first.length > 0) steps.push(setStep("host", name, `set ${first.join(" ")} of ${name}`, first));
  for (const address of home.addresses) {
    if (link.addresses.some((one) => isSame(one, address))) continue;
    const doing = `give ${name} the address ${address.local}/${address.prefix}`;
    steps.push({ where: "host", doing, args: ["address", "replace", ...addressArgs(address, name)] });
  }
  const isUp = link.up && link.name === name;
  const state = home.up ? "up" : "down";
  const last = [
    ...(isUp === home.up ? [] : [state]),
    // Last, since it tells whose the device is to a plugin that starts anew.
    ...(link.alias === home.alias ? [] : ["alias", home.alias]),
  ];
  if (last.length > 0) steps.push(setStep("host", name, `set ${name} ${state}, and its alias`, last));
  return steps;
}

function setStep(where: Step["where"], name: string, doing: string, args: readonly string[]): Step {
  return { where, doing, args: ["link", "set", "dev", name, ...args] };
}

function isSame(one: Address, other: Address): boolean {
  return one.local === other.local && one.prefix === other.prefix && one.peer === other.peer;
}

function addressArgs(address: Address, name: string): string[] {
  const { local, prefix, peer, broadcast, scope, label, metric, validS, preferredS, flags } = address;
  const optional = (word: string, value: string | number | null) =>
    value === null ? [] : [word, String(value)];
  return [
    ...(peer === null ? [`${local}/${prefix}`] : [local, "peer", `${peer}/${prefix}`]),
    ...optional("brd", broadcast),
    ...["scope", scope],
    ...optional("label", label),
    ...optional("metric", metric),
    ...optional("valid_lft", validS),
    ...optional("preferred_lft", preferredS),
    ...flags,
    ...["dev", name],
  ];
}

/** Finds a held device among a pod's interfaces. A pod may rename it, but not give it another index. */
export function findInPod({ home, podName, podIndex }: HeldDevice, links: readonly Link[]): Link | undefined {
  return links.find(
    (link) =>
      link.kind === home.kind &&
      (podIndex === null
        ? hasMacOf(link, home) && (link.name === podName || link.name === home.name)
        : link.index === podIndex),
  );
}

/**
 * Finds a held device among the host's interfaces: it has never left, it is back, or the kernel has put it there.
 * @param seen as it was last seen in the pod
 */
export function findOnHost(
  { home, podIndex }: HeldDevice,
  links: readonly Link[],
  seen?: Link,
): Link | undefined {
  return links.find(
    (link) =>
      link.kind === home.kind &&
      (hasMacOf(link, home) || link.mac === seen?.mac) &&
      (link.name === home.name || link.alias === home.name || [home.index, podIndex].includes(link.index)),
  );
}

/** A pod may change the hardware address; the one it came with stays. */
function hasMacOf(link: Link, home: Home): boolean {
  if (link.mac === home.mac) return true;
  return link.permanentMac !== "" && [home.mac, home.permanentMac].includes(link.permanentMac);
}

import { printable } from "../../log/printable.ts";
import { DeviceError } from "./device-error.ts";
import type { DeviceRequest } from "./device-requests.ts";
import type { HeldPod, Home } from "./held.ts";
import { matchesAny } from "./interface-name.ts";
import type { Link } from "./links.ts";

/** What is seen before a device is moved. */
export interface Scene {
  readonly hostLinks: readonly Link[];
  /** The host's interfaces that its default routes go out of. */
  readonly defaultRouteDevices: readonly string[];
  /** The interfaces that other routes of the host go out of, of those that are asked for. */
  readonly routeDevices: readonly string[];
  readonly podLinks: readonly Link[];
  readonly held: readonly HeldPod[];
  /** The operator's patterns of device names. */
  readonly allowed: readonly string[];
}

/** A device that may be moved. */
export interface Move {
  readonly request: DeviceRequest;
  readonly home: Home;
}

/**
 * Decides which devices are moved.
 * @throws {DeviceError} if any of them may not or cannot be moved
 */
export function planMoves(requests: readonly DeviceRequest[], scene: Scene): Move[] {
  return requests.map((request) => {
    try {
      return { request, home: homeOf(request, scene) };
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      throw new DeviceError(`${request.name}: ${error.message}`, error.note);
    }
  });
}

function homeOf({ name, podName }: DeviceRequest, scene: Scene): Home {
  const { hostLinks, held, allowed, podLinks } = scene;
  if (!matchesAny(allowed, name)) throw new DeviceError("this node's -devices does not allow it");
  if (name === "lo") throw new DeviceError("a loopback interface stays in its namespace");
  const holder = held.find(({ devices }) => devices.some(({ home }) => home.name === name));
  if (holder)
    throw new DeviceError("another pod has it", `${name} is in the pod ${titleOf(holder)} (${holder.id})`);
  const link = hostLinks.find((one) => one.name === name);
  if (!link) throw new DeviceError("the host has no such interface");
  const use = useOf(link, scene);
  if (use !== null && !allowed.includes(name)) throw new DeviceError(`${use}, and -devices does not name it`);
  if (podLinks.some((one) => one.name === podName))
    throw new DeviceError(`the pod already has an interface ${podName}`);
  const { lower: _, lowerElsewhere: __, ...home } = link;
  return home;
}

/** What the host or another pod needs a device for; null if nothing is known. A pattern does not give such a device. */
function useOf({ name, kind, master, lowerElsewhere }: Link, scene: Scene): string | null {
  if (uplinks(scene).has(name)) return "the host's default route goes through it";
  if (scene.routeDevices.includes(name)) return "routes of the host go through it";
  if (master !== "") return `it is a port of the host's ${printable(master)}`;
  if (kind === "veth" && lowerElsewhere)
    return "its other end is in another network namespace, maybe a pod's";
  return null;
}

/** The interfaces that a default route goes through: its own, the ports of that, and those it stands on. */
export function uplinks({
  hostLinks,
  defaultRouteDevices,
}: Pick<Scene, "hostLinks" | "defaultRouteDevices">): Set<string> {
  const found = new Set(defaultRouteDevices);
  for (const name of found) {
    // a set's loop comes to what is added meanwhile
    const lower = hostLinks.find((one) => one.name === name)?.lower;
    if (lower) found.add(lower);
    for (const { name: port, master } of hostLinks) if (master === name) found.add(port);
  }
  return found;
}

/** A pod in messages. */
export function titleOf({ namespace, name }: Pick<HeldPod, "namespace" | "name">): string {
  return printable(`${namespace}/${name}`);
}

import { Event } from "./gen/api_pb.js";

/** The events of the API by their number (api.proto, Event); bit n-1 of a mask stands for number n. */
const numbers = {
  runPodSandbox: Event.RUN_POD_SANDBOX,
  stopPodSandbox: Event.STOP_POD_SANDBOX,
  removePodSandbox: Event.REMOVE_POD_SANDBOX,
  createContainer: Event.CREATE_CONTAINER,
  postCreateContainer: Event.POST_CREATE_CONTAINER,
  startContainer: Event.START_CONTAINER,
  postStartContainer: Event.POST_START_CONTAINER,
  updateContainer: Event.UPDATE_CONTAINER,
  postUpdateContainer: Event.POST_UPDATE_CONTAINER,
  stopContainer: Event.STOP_CONTAINER,
  removeContainer: Event.REMOVE_CONTAINER,
  updatePodSandbox: Event.UPDATE_POD_SANDBOX,
  postUpdatePodSandbox: Event.POST_UPDATE_POD_SANDBOX,
  validateContainerAdjustment: Event.VALIDATE_CONTAINER_ADJUSTMENT,
} as const;

/** An event a plugin may subscribe to, named as its handler. */
export type EventName = keyof typeof numbers;

/** All events, in the order of their numbers. */
export const eventNames = Object.freeze(Object.keys(numbers).filter(isEventName));

export function isEventName(name: string): name is EventName {
  return Object.hasOwn(numbers, name);
}

/** Events that say what happened and take no answer; StateChange carries them on runtimes before nri 0.12. */
export type Notification = Exclude<
  EventName,
  "createContainer" | "updateContainer" | "stopContainer" | "updatePodSandbox" | "validateContainerAdjustment"
>;

const notifications = new Map<Event, Notification>(
  (
    [
      "runPodSandbox",
      "stopPodSandbox",
      "removePodSandbox",
      "postCreateContainer",
      "startContainer",
      "postStartContainer",
      "postUpdateContainer",
      "removeContainer",
      "postUpdatePodSandbox",
    ] as const
  ).map((name) => [numbers[name], name]),
);

/** What a StateChange tells, undefined where its number is not one of these. */
export function notificationOf(event: Event): Notification | undefined {
  return notifications.get(event);
}

/** ConfigureResponse.events for some events. */
export function maskOf(names: readonly EventName[]): number {
  return names.reduce((mask, name) => mask | (1 << (numbers[name] - 1)), 0);
}

/** What a runtime says of itself in Configure. */
export interface RuntimeVersion {
  /** "containerd", "cri-o". */
  readonly name: string;
  /** Its own, "v2.1.9". */
  readonly version: string;
  /** That of its nri, "v0.12.0"; empty before nri 0.12. */
  readonly nriVersion: string;
}

/** The release of each runtime that came with nri 0.10. */
const withNri010: Readonly<Record<string, readonly [number, number]>> = {
  containerd: [2, 2],
  "cri-o": [1, 34],
};

/**
 * The events a runtime knows. One before nri 0.10 closes the connection when it is asked for a later event, and says
 * its version only from 0.12 on: in between, and from others, the runtime's own version tells.
 */
export function knownEvents(runtime: RuntimeVersion): readonly EventName[] {
  const nri = parseVersion(runtime.nriVersion);
  const own = parseVersion(runtime.version);
  const first = withNri010[runtime.name];
  const recent = nri ? atLeast(nri, [0, 10]) : own && first ? atLeast(own, first) : false;
  return recent ? eventNames : eventNames.filter((name) => numbers[name] <= Event.REMOVE_CONTAINER);
}

function parseVersion(text: string): readonly [number, number] | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(text) ?? [];
  const version = [Number(major), Number(minor)] as const;
  return minor === undefined || (version[0] === 0 && version[1] === 0) ? undefined : version;
}

function atLeast(version: readonly [number, number], wanted: readonly [number, number]): boolean {
  return version[0] > wanted[0] || (version[0] === wanted[0] && version[1] >= wanted[1]);
}

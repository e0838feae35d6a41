/** The events of the API and their numbers (api.proto, Event). In a mask, event n is bit n-1. */
const numbers = {
  runPodSandbox: 1,
  stopPodSandbox: 2,
  removePodSandbox: 3,
  createContainer: 4,
  postCreateContainer: 5,
  startContainer: 6,
  postStartContainer: 7,
  updateContainer: 8,
  postUpdateContainer: 9,
  stopContainer: 10,
  removeContainer: 11,
  updatePodSandbox: 12,
  postUpdatePodSandbox: 13,
  validateContainerAdjustment: 14,
} as const;

/** An event that a plugin can subscribe to, named after its handler. */
export type EventName = keyof typeof numbers;

/** All events, ordered by number. */
export const eventNames = Object.freeze(Object.keys(numbers).filter(isEventName));

export function isEventName(name: string): name is EventName {
  return Object.hasOwn(numbers, name);
}

/** Events with an empty answer. Runtimes before nri 0.12 send them as StateChange. */
export type Notification = Exclude<
  EventName,
  "createContainer" | "updateContainer" | "stopContainer" | "updatePodSandbox" | "validateContainerAdjustment"
>;

const notifications = new Map<number, Notification>(
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

/** The event of a StateChange; undefined if its number is not that of a notification. */
export function notificationOf(event: number): Notification | undefined {
  return notifications.get(event);
}

/** The mask of events, for ConfigureResponse.events. */
export function maskOf(names: readonly EventName[]): number {
  return names.reduce((mask, name) => mask | (1 << (numbers[name] - 1)), 0);
}

/** The versions that a runtime reports in Configure. */
export interface RuntimeVersion {
  /** "containerd" or "cri-o". */
  readonly name: string;
  /** The runtime's own version, such as "v2.1.9". */
  readonly version: string;
  /** The version of its nri, such as "v0.12.0"; empty before nri 0.12. */
  readonly nriVersion: string;
}

/** The first release of each runtime with nri 0.10. */
const withNri010: Readonly<Record<string, readonly [number, number]>> = {
  containerd: [2, 2],
  "cri-o": [1, 34],
};

/**
 * The events that a runtime knows. A runtime with nri before 0.10 closes the connection if it is asked for a
 * newer event. Only nri 0.12 and newer report their version; otherwise it is derived from the runtime's own
 * version.
 */
export function knownEvents(runtime: RuntimeVersion): readonly EventName[] {
  const nri = parseVersion(runtime.nriVersion);
  const own = parseVersion(runtime.version);
  const first = withNri010[runtime.name];
  const recent = nri ? atLeast(nri, [0, 10]) : own && first ? atLeast(own, first) : false;
  return recent ? eventNames : eventNames.filter((name) => numbers[name] <= numbers.removeContainer);
}

function parseVersion(text: string): readonly [number, number] | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(text) ?? [];
  const version = [Number(major), Number(minor)] as const;
  return minor === undefined || (version[0] === 0 && version[1] === 0) ? undefined : version;
}

function atLeast(version: readonly [number, number], wanted: readonly [number, number]): boolean {
  return version[0] > wanted[0] || (version[0] === wanted[0] && version[1] >= wanted[1]);
}

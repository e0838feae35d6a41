import type { ByteString } from "../log/byte-string.ts";
import type { PodEvent } from "../log/pod-line.ts";
import type { PodCall, SynchronizedPart } from "./codec.ts";

/** What is said of a pod on standard error. */
export type Saying = "found" | "started" | "stopped" | "removed" | "vanished";

/** One pod of an event. */
export interface ReportedPod {
  readonly event: PodEvent;
  readonly saying: Saying;
  /** See pod-record.ts. */
  readonly record: ByteString;
}

/** One NRI event: for the log, and, after a sentence of its own if it has one, for people. */
export interface ObserverReport {
  /** The wall clock, milliseconds since 1970. */
  readonly timeMs: number;
  readonly sentence: string | null;
  readonly pods: readonly ReportedPod[];
}

export interface ObserverPort {
  /** The wall clock, milliseconds since 1970. */
  now(): number;
  /** Calls back after the event was answered. */
  afterAnswer(act: () => void): void;
  report(report: ObserverReport): void;
  /** The pod sandbox ID in a record. */
  idOf(record: ByteString): ByteString;
}

const EVENTS = {
  runPodSandbox: { event: "RunPodSandbox", saying: "started" },
  stopPodSandbox: { event: "StopPodSandbox", saying: "stopped" },
  removePodSandbox: { event: "RemovePodSandbox", saying: "removed" },
} as const satisfies Record<PodCall, Omit<ReportedPod, "record">>;

/**
 * Follows the pods of a runtime. It never fails an event: it only notes the pod and the time; the report is made after
 * the runtime has its answer.
 */
export class Observer {
  readonly #port: ObserverPort;
  /** The records of existing pods by ID, kept while disconnected. */
  #known = new Map<string, ByteString>();
  /** Those of a Synchronize that is under way, and when it began. */
  #found: {
    readonly timeMs: number;
    readonly pods: Map<string, ByteString>;
    readonly records: ByteString[];
    containers: number;
  } | null = null;

  constructor(port: ObserverPort) {
    this.#port = port;
  }

  /** A connection begins: what an earlier one has told of a Synchronize does not count. */
  reset(): void {
    this.#found = null;
  }

  synchronize({ more, pods, containers }: SynchronizedPart): void {
    this.#found ??= { timeMs: this.#port.now(), pods: new Map(), records: [], containers: 0 };
    const found = this.#found;
    for (const record of pods) {
      found.pods.set(this.#port.idOf(record), record);
      found.records.push(record);
    }
    found.containers += containers;
    if (more) return;
    // containerd does not report the end of pods older than itself.
    const vanished = [...this.#known].filter(([id]) => !found.pods.has(id)).map(([, record]) => record);
    this.#known = found.pods;
    this.#found = null;
    this.#later(() => synchronizeReport(found.timeMs, found.records, found.containers, vanished));
  }

  pod(name: PodCall, record: ByteString): void {
    const id = this.#port.idOf(record);
    if (name === "runPodSandbox") this.#known.set(id, record);
    else if (name === "removePodSandbox") this.#known.delete(id);
    const timeMs = this.#port.now();
    const { event, saying } = EVENTS[name];
    this.#later(() => ({ timeMs, sentence: null, pods: [{ event, saying, record }] }));
  }

  shutdown(): void {
    const timeMs = this.#port.now();
    this.#later(() => ({ timeMs, sentence: "Runtime shutting down...", pods: [] }));
  }

  #later(make: () => ObserverReport): void {
    this.#port.afterAnswer(() => this.#port.report(make()));
  }
}

function synchronizeReport(
  timeMs: number,
  found: readonly ByteString[],
  containers: number,
  vanished: readonly ByteString[],
): ObserverReport {
  return {
    timeMs,
    sentence: `Synchronized state with the runtime (${found.length} pods, ${containers} containers)...`,
    pods: [
      ...found.map((record): ReportedPod => ({ event: "Synchronize", saying: "found", record })),
      ...vanished.map((record): ReportedPod => ({ event: "Vanished", saying: "vanished", record })),
    ],
  };
}

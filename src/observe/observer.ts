import type { PodEvent, PodFacts } from "../log/pod-line.ts";
import type { Handlers } from "../nri/handlers.ts";
import { readPod } from "./pod-facts.ts";
import {
  foundSentence,
  removedSentence,
  shutdownSentence,
  startedSentence,
  stoppedSentence,
  synchronizedSentence,
  vanishedSentence,
} from "./sentences.ts";

/** What befell a pod. */
export interface PodEventRecord {
  readonly event: PodEvent;
  readonly pod: PodFacts;
}

/** What is to be told of pods: sentences for people, events for the log. All happened at once. */
export interface ObserverReport {
  /** The wall clock, milliseconds since 1970. */
  readonly timeMs: number;
  readonly words: readonly string[];
  readonly events: readonly PodEventRecord[];
}

export interface ObserverPort {
  /** The wall clock, milliseconds since 1970. */
  now(): number;
  /** Calls back when the event has been answered. */
  afterAnswer(act: () => void): void;
  tell(report: ObserverReport): void;
}

type PodHandlers = Required<
  Pick<Handlers, "synchronize" | "runPodSandbox" | "stopPodSandbox" | "removePodSandbox" | "shutdown">
>;

/**
 * Follows the pods of a runtime. Nothing it does can fail an event: handlers note the pod and the time, and what is to
 * be told is told when the runtime has its answer.
 */
export class Observer {
  readonly handlers: PodHandlers;
  readonly #port: ObserverPort;
  /** The pods there are, over disconnects. */
  #known = new Map<string, PodFacts>();

  constructor(port: ObserverPort) {
    this.#port = port;
    this.handlers = {
      synchronize: async (state) => {
        const timeMs = port.now();
        const pods: PodFacts[] = [];
        let containers = 0;
        for await (const item of state) {
          if (item.kind === "pod") pods.push(readPod(item.pod));
          else containers++;
        }
        const vanished = this.#replaceKnown(pods);
        this.#later(() => synchronizeReport(timeMs, pods, containers, vanished));
        return undefined;
      },
      runPodSandbox: (message) => {
        const pod = readPod(message);
        this.#known.set(pod.id, pod);
        this.#event("RunPodSandbox", pod, startedSentence);
      },
      stopPodSandbox: (message) => this.#event("StopPodSandbox", readPod(message), stoppedSentence),
      removePodSandbox: (message) => {
        const pod = readPod(message);
        this.#known.delete(pod.id);
        this.#event("RemovePodSandbox", pod, removedSentence);
      },
      shutdown: () => {
        const timeMs = port.now();
        this.#later(() => ({ timeMs, words: [shutdownSentence], events: [] }));
      },
    };
  }

  #later(make: () => ObserverReport): void {
    this.#port.afterAnswer(() => this.#port.tell(make()));
  }

  #event(event: PodEvent, pod: PodFacts, words: (pod: PodFacts) => string): void {
    const timeMs = this.#port.now();
    this.#later(() => ({ timeMs, words: [words(pod)], events: [{ event, pod }] }));
  }

  /** Those that were known and are gone. containerd does not tell the end of pods that are older than its own start. */
  #replaceKnown(pods: readonly PodFacts[]): PodFacts[] {
    const found = new Map(pods.map((pod) => [pod.id, pod]));
    const vanished = [...this.#known.values()].filter(({ id }) => !found.has(id));
    this.#known = found;
    return vanished;
  }
}

function synchronizeReport(
  timeMs: number,
  pods: readonly PodFacts[],
  containers: number,
  vanished: readonly PodFacts[],
): ObserverReport {
  return {
    timeMs,
    words: [
      synchronizedSentence(pods.length, containers),
      ...pods.map(foundSentence),
      ...vanished.map(vanishedSentence),
    ],
    events: [
      ...pods.map((pod) => ({ event: "Synchronize" as const, pod })),
      ...vanished.map((pod) => ({ event: "Vanished" as const, pod })),
    ],
  };
}

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

/** A pod event. */
export interface PodEventRecord {
  readonly event: PodEvent;
  readonly pod: PodFacts;
}

/** One NRI event: sentences for people, pod events for the log. */
export interface ObserverReport {
  /** The wall clock, milliseconds since 1970. */
  readonly timeMs: number;
  readonly sentences: readonly string[];
  readonly events: readonly PodEventRecord[];
}

export interface ObserverPort {
  /** The wall clock, milliseconds since 1970. */
  now(): number;
  /** Calls back after the event was answered. */
  afterAnswer(act: () => void): void;
  report(report: ObserverReport): void;
}

type PodHandlers = Required<
  Pick<Handlers, "synchronize" | "runPodSandbox" | "stopPodSandbox" | "removePodSandbox" | "shutdown">
>;

/**
 * Follows the pods of a runtime. It never fails an event: handlers only note the pod and the time; the report
 * is made after the runtime has its answer.
 */
export class Observer {
  readonly handlers: PodHandlers;
  readonly #port: ObserverPort;
  /** The existing pods by ID, kept while disconnected. */
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
        this.#later(() => ({ timeMs, sentences: [shutdownSentence], events: [] }));
      },
    };
  }

  #later(make: () => ObserverReport): void {
    this.#port.afterAnswer(() => this.#port.report(make()));
  }

  #event(event: PodEvent, pod: PodFacts, sentence: (pod: PodFacts) => string): void {
    const timeMs = this.#port.now();
    this.#later(() => ({ timeMs, sentences: [sentence(pod)], events: [{ event, pod }] }));
  }

  /** Returns the known pods that are gone. containerd does not report the end of pods older than itself. */
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
    sentences: [
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

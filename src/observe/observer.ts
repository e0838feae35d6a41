import type { Handlers } from "../nri/handlers.ts";
import type { PodEvent, PodFacts } from "../record/pod-line.ts";
import { readPod } from "./pod.ts";
import {
  foundWords,
  removedWords,
  shutdownWords,
  startedWords,
  stoppedWords,
  synchronizedWords,
  vanishedWords,
} from "./words.ts";

/** What befell a pod. */
export interface PodHappening {
  readonly event: PodEvent;
  readonly pod: PodFacts;
}

/** What is to be told of pods: sentences for people, events for the log. All happened at once. */
export interface Telling {
  /** The wall clock, milliseconds since 1970. */
  readonly timeMs: number;
  readonly words: readonly string[];
  readonly events: readonly PodHappening[];
}

export interface ObserverPort {
  /** The wall clock, milliseconds since 1970. */
  now(): number;
  /** Calls back when the event has been answered. */
  afterAnswer(act: () => void): void;
  tell(telling: Telling): void;
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
        this.#later(() => synchronizeTelling(timeMs, pods, containers, vanished));
        return undefined;
      },
      runPodSandbox: (message) => {
        const pod = readPod(message);
        this.#known.set(pod.id, pod);
        this.#event("RunPodSandbox", pod, startedWords);
      },
      stopPodSandbox: (message) => this.#event("StopPodSandbox", readPod(message), stoppedWords),
      removePodSandbox: (message) => {
        const pod = readPod(message);
        this.#known.delete(pod.id);
        this.#event("RemovePodSandbox", pod, removedWords);
      },
      shutdown: () => {
        const timeMs = port.now();
        this.#later(() => ({ timeMs, words: [shutdownWords], events: [] }));
      },
    };
  }

  #later(make: () => Telling): void {
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

function synchronizeTelling(
  timeMs: number,
  pods: readonly PodFacts[],
  containers: number,
  vanished: readonly PodFacts[],
): Telling {
  return {
    timeMs,
    words: [
      synchronizedWords(pods.length, containers),
      ...pods.map(foundWords),
      ...vanished.map(vanishedWords),
    ],
    events: [
      ...pods.map((pod) => ({ event: "Synchronize" as const, pod })),
      ...vanished.map((pod) => ({ event: "Vanished" as const, pod })),
    ],
  };
}

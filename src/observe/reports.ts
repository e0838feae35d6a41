import type { LoggedPod } from "../log/pod-line.ts";
import type { Loop } from "./loop.ts";
import type { ObserverReport, ReportedPod } from "./observer.ts";
import type { PodReader } from "./pod-record.ts";

/** How many pods of a large event are put into words between two looks at the sockets. */
const PODS_AT_ONCE = 4;

/** A pod whose record has been read, for the log and for people. */
export interface ToldPod extends Omit<ReportedPod, "record"> {
  readonly pod: LoggedPod;
}

/** A part of an event. */
export interface ReportPart extends Omit<ObserverReport, "pods"> {
  readonly pods: readonly ToldPod[];
}

/** `all`: how many pods the event has. */
export type PartTaker = (part: ReportPart, all: number) => void;

/**
 * Hands reports on in order: at once, but a large one in parts, between which events are answered. 20,000 pods of a
 * Synchronize in words take a second.
 */
export class Reports {
  readonly #loop: Loop;
  readonly #pods: PodReader;
  readonly #take: PartTaker;
  readonly #waiting: ObserverReport[] = [];
  /** How many pods of the first one are done. */
  #done = 0;

  constructor(loop: Loop, pods: PodReader, take: PartTaker) {
    this.#loop = loop;
    this.#pods = pods;
    this.#take = take;
  }

  add(report: ObserverReport): void {
    if (this.#waiting.length === 0 && report.pods.length <= PODS_AT_ONCE) {
      this.#take(partOf(report, report.pods, this.#pods), report.pods.length);
      return;
    }
    this.#waiting.push(report);
    if (this.#waiting.length === 1) this.#loop.whenIdle(() => this.#go());
  }

  /** Hands on all that waits. */
  flush(): void {
    while (this.#go());
  }

  /** Does a part. Returns whether there is more. While events come, it does more at once than they are. */
  #go(): boolean {
    for (let left = PODS_AT_ONCE + this.#waiting.length; left > 0; ) {
      const [first] = this.#waiting;
      if (!first) break;
      const pods = first.pods.slice(this.#done, this.#done + left);
      const part = partOf(first, pods, this.#pods);
      this.#take(this.#done === 0 ? part : { ...part, sentence: null }, first.pods.length);
      this.#done += pods.length;
      left -= Math.max(1, pods.length);
      if (this.#done < first.pods.length) continue;
      this.#waiting.shift();
      this.#done = 0;
    }
    return this.#waiting.length > 0;
  }
}

/** The part of a report that is about these pods. */
export function partOf(
  { timeMs, sentence }: ObserverReport,
  pods: readonly ReportedPod[],
  reader: PodReader,
): ReportPart {
  const told = pods.map(({ event, saying, record }) => ({ event, saying, pod: reader.factsOf(record) }));
  return { timeMs, sentence, pods: told };
}

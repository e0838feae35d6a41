import type { Loop } from "./loop.ts";
import type { ObserverReport, ReportedPod } from "./observer.ts";

/** How many pods of a large event are put into words between two looks at the sockets. */
const PODS_AT_ONCE = 4;

/** Takes a part of an event. `all`: how many pods the event has. */
export type PartTaker = (part: ObserverReport, all: number) => void;

/**
 * Hands reports on in order: at once, but a large one in parts, between which events are answered. 20,000 pods of a
 * Synchronize in words take a second.
 */
export class Reports {
  readonly #loop: Loop;
  readonly #take: PartTaker;
  readonly #waiting: ObserverReport[] = [];
  /** How many pods of the first one are done. */
  #done = 0;

  constructor(loop: Loop, take: PartTaker) {
    this.#loop = loop;
    this.#take = take;
  }

  add(report: ObserverReport): void {
    if (this.#waiting.length === 0 && report.pods.length <= PODS_AT_ONCE) {
      this.#take(report, report.pods.length);
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
      const pods: readonly ReportedPod[] = first.pods.slice(this.#done, this.#done + left);
      this.#take({ ...first, sentence: this.#done === 0 ? first.sentence : null, pods }, first.pods.length);
      this.#done += pods.length;
      left -= Math.max(1, pods.length);
      if (this.#done < first.pods.length) continue;
      this.#waiting.shift();
      this.#done = 0;
    }
    return this.#waiting.length > 0;
  }
}

import type { Pod } from "../pod.ts";

/** Whether the runtime told that a pod has a network, and no ADD of it is in the log. */
export function isUntapped({ run, attached }: Pod): boolean {
  return (
    run !== null &&
    !!run.netns &&
    attached.every(({ runs }) => !runs.some(({ command }) => command === "ADD"))
  );
}

/** The times at which pods came up without the taps: then they were in no list. */
export class UntappedRuns {
  readonly #times: number[] = [];

  add(pod: Pod): void {
    const time = pod.run?.timeMs ?? null;
    if (time !== null && isUntapped(pod)) this.#times.push(time);
  }

  /** Whether there is one between two times. */
  between(from: number, to: number): boolean {
    return this.#times.some((time) => time > from && time < to);
  }
}

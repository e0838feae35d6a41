/** How many things were under way at a time. */
export class UnderWay {
  readonly #begun: number[] = [];
  readonly #ended: number[] = [];
  #sorted = true;

  /** @param endMs null: it has not ended */
  add(beginMs: number, endMs: number | null): void {
    this.#begun.push(beginMs);
    if (endMs !== null) this.#ended.push(endMs);
    this.#sorted = false;
  }

  at(timeMs: number): number {
    if (!this.#sorted) {
      this.#begun.sort((one, other) => one - other);
      this.#ended.sort((one, other) => one - other);
      this.#sorted = true;
    }
    return upTo(this.#begun, timeMs) - upTo(this.#ended, timeMs);
  }
}

/** How many of the sorted numbers are not above one. */
function upTo(sorted: readonly number[], most: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sorted[middle] ?? 0) <= most) from = middle + 1;
    else to = middle;
  }
  return from;
}

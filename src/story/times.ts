/** Times, or durations, in milliseconds, put in order when they are asked for. */
export class Times {
  #times = new Float64Array(256);
  #count = 0;
  #sorted = true;

  add(timeMs: number): void {
    if (this.#count === this.#times.length) {
      const more = new Float64Array(2 * this.#count);
      more.set(this.#times);
      this.#times = more;
    }
    if (timeMs < (this.#times[this.#count - 1] ?? timeMs)) this.#sorted = false;
    this.#times[this.#count++] = timeMs;
  }

  /** How many are not later than one. */
  upTo(timeMs: number): number {
    this.#sort();
    let [from, to] = [0, this.#count];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#times[middle] ?? 0) <= timeMs) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** The one in a place, the earliest first; undefined if there is none. */
  at(place: number): number | undefined {
    this.#sort();
    return place < this.#count ? this.#times[place] : undefined;
  }

  get count(): number {
    return this.#count;
  }

  #sort(): void {
    if (!this.#sorted) this.#times.subarray(0, this.#count).sort();
    this.#sorted = true;
  }
}

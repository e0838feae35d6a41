const firstMs = 100;
const mostMs = 10_000;

/** How long to wait before each next attempt: 100 ms, doubled up to 10 s, less up to a half by chance. */
export class Backoff {
  readonly #random: () => number;
  #nextMs = firstMs;

  /** @param random gives 0 to 1, without 1 */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  next(): number {
    const delayMs = this.#nextMs * (1 - this.#random() / 2);
    this.#nextMs = Math.min(this.#nextMs * 2, mostMs);
    return Math.round(delayMs);
  }

  /** The last attempt was a success. */
  reset(): void {
    this.#nextMs = firstMs;
  }
}

const firstMs = 100;
const mostMs = 10_000;

/** Delays between attempts: 100 ms, doubled up to 10 s, each reduced by a random part of up to half. */
export class Backoff {
  readonly #random: () => number;
  #nextMs = firstMs;

  /** @param random returns a number from 0 up to, not including, 1 */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** The next delay in milliseconds. */
  next(): number {
    const delayMs = this.#nextMs * (1 - this.#random() / 2);
    this.#nextMs = Math.min(this.#nextMs * 2, mostMs);
    return Math.round(delayMs);
  }

  /** Call it after a successful attempt. */
  reset(): void {
    this.#nextMs = firstMs;
  }
}

import { Times } from "./times.ts";

/** How many things were under way at a time. */
export class UnderWay {
  readonly #begun = new Times();
  readonly #ended = new Times();

  /** @param endMs null: it has not ended */
  add(beginMs: number, endMs: number | null): void {
    this.#begun.add(beginMs);
    if (endMs !== null) this.#ended.add(endMs);
  }

  at(timeMs: number): number {
    return this.#begun.upTo(timeMs) - this.#ended.upTo(timeMs);
  }
}

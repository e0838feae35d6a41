/** Taken elements stay in the array until they are this many and most of it. */
const LEFT_MOST = 1024;

/** A queue whose front can be taken and put back, in time that does not grow with its length. */
export class Queue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The element with this number, counted from the front. */
  at(index: number): T | undefined {
    return this.#items[this.#head + index];
  }

  /** Takes that many from the front. */
  take(count: number): T[] {
    const taken = this.#items.slice(this.#head, this.#head + count) as T[];
    this.#items.fill(undefined, this.#head, this.#head + taken.length);
    this.#head += taken.length;
    if (this.#head > LEFT_MOST && this.#head > this.#items.length / 2) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  /** Puts elements before the first one. */
  putBack(items: readonly T[]): void {
    if (items.length > this.#head) this.#items.unshift(...Array<undefined>(items.length - this.#head));
    this.#head = Math.max(0, this.#head - items.length);
    for (const [index, item] of items.entries()) this.#items[this.#head + index] = item;
  }
}

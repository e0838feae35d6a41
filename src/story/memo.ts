/** Remembers what was made of the texts seen last: results and addresses come again and again. */
export class Memo<T> {
  readonly #known = new Map<string, T>();
  readonly #make: (text: string) => T;
  readonly #most: number;

  /** @param most so many are remembered */
  constructor(most: number, make: (text: string) => T) {
    this.#most = most;
    this.#make = make;
  }

  get(text: string): T {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const made = this.#make(text);
    if (this.#known.size >= this.#most) this.#known.clear();
    this.#known.set(text, made);
    return made;
  }
}

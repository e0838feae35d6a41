const CHUNK_BYTES = 1 << 16;
const LAST_BYTE = 0xff;

/** Texts that are kept to the log's end, as bytes: as strings they would take three times as much. */
export class Texts {
  readonly #chunks: Uint8Array[] = [];
  #at = CHUNK_BYTES;
  /** Those that are no byte strings, or too long, by where they would be. */
  readonly #others: string[] = [];

  /** Adds a text and returns what `get` asks for. */
  add(text: string): number {
    const { length } = text;
    if (length > LAST_BYTE) return this.#addOther(text);
    if (this.#at + 1 + length > CHUNK_BYTES) {
      this.#chunks.push(new Uint8Array(CHUNK_BYTES));
      this.#at = 0;
    }
    const chunk = this.#chunks.at(-1) as Uint8Array;
    const from = this.#at;
    chunk[from] = length;
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code > LAST_BYTE) return this.#addOther(text);
      chunk[from + 1 + at] = code;
    }
    this.#at = from + 1 + length;
    return (this.#chunks.length - 1) * CHUNK_BYTES + from;
  }

  get(place: number): string {
    if (place < 0) return this.#others[-1 - place] ?? "";
    const chunk = this.#chunks[Math.floor(place / CHUNK_BYTES)];
    const from = place % CHUNK_BYTES;
    if (chunk === undefined) return "";
    return String.fromCharCode(...chunk.subarray(from + 1, from + 1 + (chunk[from] ?? 0)));
  }

  #addOther(text: string): number {
    this.#others.push(text);
    return -this.#others.length;
  }
}

/** Texts of which there are few, such as networks' names, as small numbers: 0, 1, 2, … */
export class Names {
  readonly #numbers = new Map<string | null, number>();
  readonly #names: (string | null)[] = [];

  numberOf(name: string | null): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#names.push(name) - 1;
    this.#numbers.set(name, number);
    return number;
  }

  nameOf(number: number): string | null {
    return this.#names[number] ?? null;
  }

  get count(): number {
    return this.#names.length;
  }
}

/** A number of 32 bits; texts that are the same have the same one. */
export function hashOf(text: string, start = 0x811c9dc5): number {
  let hash = start;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

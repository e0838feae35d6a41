/** Bytes that can be read as text, one character each. */
export interface TextBytes {
  readonly bytes: Uint8Array;
  text(from: number, to: number): string;
}

/** Texts that many lines have, such as plugins' names: each is made once of its bytes. */
export class KnownTexts {
  readonly #texts = new Map<number, { readonly bytes: Uint8Array; readonly text: string }>();
  readonly #most: number;

  /** @param most so many are remembered */
  constructor(most: number) {
    this.#most = most;
  }

  /** @param key a hash of the bytes between `from` and `to` */
  get(source: TextBytes, from: number, to: number, key: number): string {
    const { bytes } = source;
    const known = this.#texts.get(key);
    if (known !== undefined && isSame(bytes, from, to, known.bytes)) return known.text;
    const text = source.text(from, to);
    if (this.#texts.size >= this.#most) this.#texts.clear();
    this.#texts.set(key, { bytes: bytes.slice(from, to), text });
    return text;
  }
}

function isSame(bytes: Uint8Array, from: number, to: number, other: Uint8Array): boolean {
  if (other.length !== to - from) return false;
  for (let at = 0; at < other.length; at++) if (bytes[from + at] !== other[at]) return false;
  return true;
}

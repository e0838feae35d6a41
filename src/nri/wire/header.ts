/** Reassembles a header of fixed length from chunks. */
export class HeaderReader {
  readonly #bytes: Uint8Array;
  #have = 0;
  /** Where the header is: in its own bytes, or in a chunk that has all of it. */
  #source: Uint8Array;
  #start = 0;

  constructor(length: number) {
    this.#bytes = new Uint8Array(length);
    this.#source = this.#bytes;
  }

  get complete(): boolean {
    return this.#have === this.#bytes.length;
  }

  /** Takes the missing bytes from `chunk`, starting at `at`. Returns the offset after them. */
  take(chunk: Uint8Array, at: number): number {
    const { length } = this.#bytes;
    if (this.#have === 0 && chunk.length - at >= length) {
      this.#source = chunk;
      this.#start = at;
      this.#have = length;
      return at + length;
    }
    const end = Math.min(chunk.length, at + length - this.#have);
    this.#bytes.set(chunk.subarray(at, end), this.#have);
    this.#have += end - at;
    return end;
  }

  /** The big-endian number of four bytes; only of a complete header whose last chunk has not changed. */
  uint32(offset: number): number {
    return readUint32(this.#source, this.#start + offset);
  }

  byte(offset: number): number {
    return this.#source[this.#start + offset] ?? 0;
  }

  reset(): void {
    this.#have = 0;
    this.#source = this.#bytes;
    this.#start = 0;
  }
}

/** The big-endian number of four bytes. */
export function readUint32(bytes: Uint8Array, at: number): number {
  const low = ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  return (bytes[at] ?? 0) * 0x1000000 + low;
}

/** Writes a number as four bytes, big-endian. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

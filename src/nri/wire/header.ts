/** Reassembles a header of fixed length from chunks. */
export class HeaderReader {
  readonly view: DataView;
  readonly #bytes: Uint8Array;
  #have = 0;

  constructor(length: number) {
    this.#bytes = new Uint8Array(length);
    this.view = new DataView(this.#bytes.buffer);
  }

  get complete(): boolean {
    return this.#have === this.#bytes.length;
  }

  /** Takes the missing bytes from `chunk`, starting at `at`. Returns the offset after them. */
  take(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#bytes.length - this.#have);
    this.#bytes.set(chunk.subarray(at, end), this.#have);
    this.#have += end - at;
    return end;
  }

  reset(): void {
    this.#have = 0;
  }
}

const LINE_FEED = 0x0a;
/** Longer lines than any that the taps write: a request has at most 64 MiB, which escapes may double. */
const LINE_MOST_BYTES = 160 << 20;
/** What is left of a line that is longer. */
const START_BYTES = 1024;

/** Gets a line without its line feed: the bytes from `from` up to `to`, which are its only until it returns. */
export type LineBytes = (bytes: Buffer, from: number, to: number) => void;

/** Cuts bytes that come in pieces into lines, in time proportional to the bytes. Of a line that is too long it gives the start. */
export class LineSplitter {
  readonly #mostBytes: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(mostBytes: number = LINE_MOST_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** Bytes of a line whose end has not come. */
  get pending(): number {
    return this.#length;
  }

  /** Takes the next bytes, which may be changed afterwards. */
  push(chunk: Buffer, line: LineBytes): void {
    let from = 0;
    for (let to = chunk.indexOf(LINE_FEED); to >= 0; to = chunk.indexOf(LINE_FEED, from)) {
      if (this.#length === 0) line(chunk, from, to);
      else {
        this.#keep(chunk, from, to);
        this.end(line);
      }
      from = to + 1;
    }
    if (from < chunk.length) this.#keep(chunk, from, chunk.length);
  }

  /** Gives a last line that has no line feed. */
  end(line: LineBytes): void {
    if (this.#length === 0) return;
    const whole = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    this.drop();
    if (whole) line(whole, 0, whole.length);
  }

  /** Forgets a line whose end has not come. */
  drop(): void {
    this.#parts = [];
    this.#length = 0;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const before = this.#length;
    this.#length += to - from;
    if (this.#length <= this.#mostBytes) this.#parts.push(Buffer.from(chunk.subarray(from, to)));
    else if (before <= this.#mostBytes) {
      const start = Buffer.concat([...this.#parts, chunk.subarray(from, to)].slice(0, 2));
      this.#parts = [Buffer.from(start.subarray(0, START_BYTES))];
    }
  }
}

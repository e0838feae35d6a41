import { type HeadBytes, HeadReader } from "../log/line-head.ts";
import { type LogLine, parseLogLine } from "../log/log-line.ts";

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const START_LETTERS = 16;

/** Reads the bytes of lines, most of them by their heads only. */
export class LineReader implements HeadBytes {
  readonly #heads = new HeadReader();
  bytes: Buffer = Buffer.alloc(0);
  from = 0;
  last = 0;

  /**
   * @returns the line, whose payload must be asked for before the next one is read; for a line that is none of ours, its first
   * characters
   */
  read(bytes: Buffer, from: number, to: number): LogLine | string {
    if (bytes[from] === OPEN_BRACE && bytes[to - 1] === CLOSE_BRACE) {
      this.bytes = bytes;
      this.from = from;
      this.last = to - 1;
      const read = this.#heads.read(this);
      if (read !== null) return read;
    }
    const read = parseLogLine(bytes.toString("latin1", from, to));
    return read ?? bytes.toString("latin1", from, Math.min(to, from + START_LETTERS));
  }

  text(from: number, to: number): string {
    return this.bytes.toString("latin1", from, to);
  }

  has(at: number, other: Uint8Array, from: number, to: number): boolean {
    const end = at + to - from;
    return end < this.last && this.bytes.compare(other, from, to, at, end) === 0;
  }
}

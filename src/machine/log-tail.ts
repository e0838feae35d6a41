import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type LineBytes, LineSplitter } from "./line-splitter.ts";
import { type OpenLog, openLog, refuseCompressed } from "./log-reader.ts";
import { cannot, codeOf, MachineError } from "./machine-error.ts";

const CHUNK_BYTES = 1 << 20;
/** A writer that opened the log before it was rotated may still write to it: one call takes at most 5 s to get the lock. */
const OLD_FILE_MS = 6000;

/** Gets a line without its line feed, one character a byte. */
export type Line = (text: string) => void;

/** A file that has had the log's name. */
interface Part {
  readonly fd: number;
  readonly ino: number;
  readonly dev: number;
  readonly lines: LineSplitter;
  /** Where reading goes on. */
  at: number;
  /** When it is closed; null: it has the log's name. */
  closesMs: number | null;
}

/** A log that is read from its end, and then followed through rotation, truncation and removal. */
export class LogTail {
  readonly path: string;
  /** The oldest first. */
  #parts: Part[] = [];
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);

  /**
   * Opens a log and its rotated `.1`.
   * @param all all logs that are read: a `.1` among them is read as itself
   * @param wait whether the log may be missing; it is then followed from its first line
   * @throws {MachineError} if it cannot be read
   */
  constructor(path: string, all: readonly string[], wait: boolean) {
    this.path = path;
    const log = open(path, all, wait);
    for (const fd of log?.fds ?? []) {
      const part = partOf(fd);
      if (part === null) closeSync(fd);
      else {
        refuseCompressed(path, fd);
        this.#parts.push({ ...part, at: fstatSync(fd).size });
      }
    }
    for (const part of this.#parts.slice(0, -1)) part.closesMs = 0;
  }

  /**
   * Reads the last bytes of what was there when the log was opened; a line cut by the first of them is left out.
   * @returns whether that was all there is
   */
  readEnd(bytes: number, line: Line): boolean {
    let left = bytes;
    const from = this.#parts.map(() => 0);
    for (let index = this.#parts.length - 1; index >= 0; index--) {
      const size = this.#parts[index]?.at ?? 0;
      from[index] = Math.max(0, size - left);
      left -= size - (from[index] ?? 0);
    }
    this.#parts.forEach((part, index) => {
      const start = from[index] ?? 0;
      if (start >= part.at) return;
      // The byte before tells whether the first line is whole.
      let whole = start === 0;
      part.lines.drop();
      this.#read(part, whole ? 0 : start - 1, part.at, (buffer, begin, end) => {
        if (whole) line(buffer.toString("latin1", begin, end));
        whole = true;
      });
      if (part.closesMs !== null)
        part.lines.end((buffer, begin, end) => line(buffer.toString("latin1", begin, end)));
    });
    return from.every((start) => start === 0);
  }

  /** Reads the last line too, if it has no line feed: nothing will come. */
  readRest(line: Line): void {
    for (const { lines } of this.#parts)
      lines.end((bytes, from, to) => line(bytes.toString("latin1", from, to)));
  }

  /**
   * Reads what has come since.
   * @param truncated is told when the log has become shorter; it is then read from its beginning
   */
  poll(line: Line, truncated: () => void): void {
    const text: LineBytes = (bytes, from, to) => line(bytes.toString("latin1", from, to));
    for (const part of this.#parts) this.#drain(part, text, truncated);
    this.#parts = this.#parts.filter((part) => {
      const keep = part.closesMs === null || performance.now() < part.closesMs;
      if (!keep) {
        part.lines.end(text);
        closeSync(part.fd);
      }
      return keep;
    });
    this.#lookForNewFile(text, truncated);
  }

  close(): void {
    for (const { fd } of this.#parts) closeSync(fd);
    this.#parts = [];
  }

  #lookForNewFile(line: LineBytes, truncated: () => void): void {
    const now = tryOpen(this.path);
    if (now === null) return;
    if (this.#knows(now)) {
      closeSync(now.fd);
      return;
    }
    // Rotated twice since the last look: the file between is the older one now.
    const between = tryOpen(`${this.path}.1`);
    for (const part of this.#parts) {
      part.closesMs ??= performance.now() + OLD_FILE_MS;
      this.#drain(part, line, truncated);
    }
    const skipped = this.#parts.length > 0 && between !== null && !this.#knows(between);
    if (between !== null && skipped && !isSame(between, now)) {
      const part = { ...between, closesMs: performance.now() + OLD_FILE_MS };
      this.#drain(part, line, truncated);
      this.#parts.push(part);
    } else if (between !== null) closeSync(between.fd);
    this.#drain(now, line, truncated);
    this.#parts.push(now);
  }

  #knows(part: Part): boolean {
    return this.#parts.some((one) => isSame(one, part));
  }

  #drain(part: Part, line: LineBytes, truncated: () => void): void {
    const { size } = fstatSync(part.fd);
    if (size < part.at) {
      part.at = 0;
      part.lines.drop();
      if (part.closesMs === null) truncated();
    }
    if (size > part.at) part.at = this.#read(part, part.at, size, line);
  }

  /** Returns where it came to. */
  #read({ fd, lines }: Part, from: number, to: number, line: LineBytes): number {
    let at = from;
    while (at < to) {
      const read = readAt(fd, this.#chunk, Math.min(CHUNK_BYTES, to - at), at);
      if (read === 0) return at;
      lines.push(this.#chunk.subarray(0, read), line);
      at += read;
    }
    return at;
  }
}

function readAt(fd: number, chunk: Buffer, bytes: number, at: number): number {
  try {
    return readSync(fd, chunk, 0, bytes, at);
  } catch (error) {
    throw cannot("read the log", error);
  }
}

function open(path: string, all: readonly string[], wait: boolean): OpenLog | null {
  try {
    return openLog(path, all);
  } catch (error) {
    if (wait && error instanceof MachineError && codeOf(error.cause) === "ENOENT") return null;
    throw error;
  }
}

function isSame(one: Part, other: Part): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

/** Null for what is no regular file. */
function partOf(fd: number): Part | null {
  const stats = fstatSync(fd);
  if (!stats.isFile()) return null;
  return { fd, ino: stats.ino, dev: stats.dev, lines: new LineSplitter(), at: 0, closesMs: null };
}

/** Opens what has a name now, without waiting for the other end of a pipe. */
function tryOpen(path: string): Part | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  const part = partOf(fd);
  if (part === null) closeSync(fd);
  return part;
}

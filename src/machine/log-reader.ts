import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  openSync,
  readSync,
  type Stats,
  statSync,
} from "node:fs";
import { HeapWatch } from "./heap.ts";
import { type LineBytes, LineSplitter } from "./line-splitter.ts";
import { causeOf, codeOf, MachineError } from "./machine-error.ts";

const CHUNK_BYTES = 1 << 20;
/** Standard input. */
export const STDIN = "-";

/** Compressed files, by how they begin. */
const COMPRESSED: readonly (readonly [name: string, magic: string, tool: string])[] = [
  ["gzip", "1f8b", "zcat"],
  ["zstd", "28b52ffd", "zstdcat"],
  ["xz", "fd377a58", "xzcat"],
  ["bzip2", "425a68", "bzcat"],
];

/** A log is opened again if it was rotated meanwhile, but not for ever. */
const OPEN_TRIES = 10;

/** A log to be read: its descriptors, oldest first, which the reader closes. */
export interface OpenLog {
  readonly path: string;
  readonly fds: readonly number[];
}

export interface ReadLogOptions {
  /** Gets each line without its line feed, and its number, counted through all files. */
  readonly line: (bytes: Buffer, from: number, to: number, number: number) => void;
  /** Gets the share that was read, 0 to 1, now and then; not for standard input. */
  readonly progress?: (share: number) => void;
}

/**
 * Reads logs line by line: of each file the rotated one (`.1`) first, if there is one. A log may grow and be rotated
 * meanwhile: what was in it at the beginning is read once.
 * @throws {MachineError} if a log is missing, cannot be read, or is compressed
 */
export async function readLogs(paths: readonly string[], { line, progress }: ReadLogOptions): Promise<void> {
  const logs: OpenLog[] = [];
  try {
    for (const path of paths) logs.push(openLog(path, paths));
    const fds = logs.flatMap((log) => log.fds.map((fd) => ({ path: log.path, fd })));
    const total = fds.reduce((sum, { fd }) => sum + fstatSync(fd).size, 0);
    let read = 0;
    let number = 0;
    for (const { path, fd } of fds) {
      refuseCompressed(path, fd);
      const lines = new LineSplitter();
      const count: LineBytes = (bytes, from, to) => line(bytes, from, to, ++number);
      if (fstatSync(fd).isFile()) {
        readFile(path, fd, lines, count, (bytes) => {
          read += bytes;
          if (total > 0) progress?.(Math.min(1, read / total));
        });
      } else await readStream(path, fd, lines, count);
      lines.end(count);
    }
  } finally {
    for (const { fds } of logs) for (const fd of fds) if (fd !== 0) closeSync(fd);
  }
}

/** Whether a path leads to a pipe or the like, which can be read only once and has no end to begin with. */
export function isStream(path: string): boolean {
  if (path === STDIN) return true;
  try {
    const stats = statSync(path);
    return !stats.isFile() && !stats.isDirectory();
  } catch {
    return false; // opening it will tell
  }
}

/** Opens a log and its rotated `.1`, unless that is among the logs that are read. */
export function openLog(path: string, all: readonly string[]): OpenLog {
  if (path === STDIN) return { path: "standard input", fds: [0] };
  for (let tries = 1; ; tries++) {
    const fd = open(path);
    const older = all.includes(`${path}.1`) ? null : tryOpen(`${path}.1`);
    const fds = older === null ? [fd] : [older, fd];
    if (tries === OPEN_TRIES || !wasRotated(path, fd, older)) return { path, fds };
    for (const one of fds) closeSync(one);
  }
}

/** Whether a log was rotated while it and its `.1` were opened. */
function wasRotated(path: string, fd: number, older: number | null): boolean {
  const opened = fstatSync(fd);
  if (older !== null && isSame(opened, fstatSync(older))) return true;
  const now = statSync(path, { throwIfNoEntry: false });
  return now !== undefined && !isSame(opened, now);
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

function open(path: string): number {
  try {
    const fd = openSync(path, "r");
    if (!fstatSync(fd).isDirectory()) return fd;
    closeSync(fd);
  } catch (error) {
    const hint =
      codeOf(error) === "ENOENT"
        ? "\nName another with --log-file. Are the taps installed? cnitap status says."
        : "";
    const root = codeOf(error) === "EACCES" ? "\nRun it as root." : "";
    throw new MachineError(`Cannot read ${path}: ${causeOf(error)}${hint}${root}`, { cause: error });
  }
  throw new MachineError(`Cannot read ${path}: it is a directory`);
}

/** Opens a rotated log. Anybody may have put something else there: it is not waited for. */
function tryOpen(path: string): number | null {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
  } catch {
    // not there, or not ours to read
  }
  return null;
}

/** @throws {MachineError} for a compressed file */
export function refuseCompressed(path: string, fd: number): void {
  if (!fstatSync(fd).isFile()) return;
  const start = Buffer.alloc(4);
  readSync(fd, start, 0, start.length, 0);
  const found = COMPRESSED.find(([, magic]) => start.toString("hex").startsWith(magic));
  if (found)
    throw new MachineError(
      `Cannot read ${path}: it is compressed (${found[0]})\n${found[2]} ${path} | cnitap … --log-file - reads it.`,
    );
}

function readFile(
  path: string,
  fd: number,
  lines: LineSplitter,
  line: LineBytes,
  read: (bytes: number) => void,
) {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const heap = new HeapWatch();
  for (;;) {
    const bytes = tryRead(path, fd, chunk);
    if (bytes === 0) return;
    lines.push(chunk.subarray(0, bytes), line);
    heap.look();
    read(bytes);
  }
}

function tryRead(path: string, fd: number, chunk: Buffer): number {
  try {
    return readSync(fd, chunk, 0, chunk.length, null);
  } catch (error) {
    throw new MachineError(`Cannot read ${path}: ${causeOf(error)}`);
  }
}

async function readStream(path: string, fd: number, lines: LineSplitter, line: LineBytes): Promise<void> {
  const stream = createReadStream("", { fd, autoClose: false, highWaterMark: CHUNK_BYTES });
  const heap = new HeapWatch();
  try {
    for await (const part of stream as AsyncIterable<Buffer>) {
      lines.push(part, line);
      heap.look();
    }
  } catch (error) {
    throw new MachineError(`Cannot read ${path}: ${causeOf(error)}`);
  }
}

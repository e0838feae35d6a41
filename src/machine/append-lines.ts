import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { fitnessText, judgeLog } from "../log/fitness.ts";
import { codeOf, wordsOf } from "./machine-error.ts";

const LINE_FEED = 0x0a;
const REOPENS_MOST = 64;
/** How often a last line without its end is looked at, and how long in between. */
const LOOKS_MOST = 3;
const LOOK_MS = 2;

export interface Appended {
  /** How many of the lines, from the first on, are in the file. */
  readonly lines: number;
  /** Why not all are. */
  readonly fault: string | null;
}

/**
 * Appends whole lines to a log with one write(2), which O_APPEND makes one piece on local file systems, after the
 * checks that the taps make: a regular file of this user's with one link, that nobody else may write. No lock is
 * taken, for Node has no flock(2), and the file is not rotated. It waits for the disk: see `AppendThread`.
 * @param maxBytes no line begins beyond twice as much; 0 is no limit
 */
export function appendLines(path: string, lines: readonly Uint8Array[], maxBytes: number): Appended {
  for (let opens = 0; opens < REOPENS_MOST; opens++) {
    const appended = tryAppend(path, lines, maxBytes);
    if (appended) return appended;
  }
  return { lines: 0, fault: `Cannot open ${path}: it is rotated all the time` };
}

/** Null where the file that was opened has been rotated away, twice. */
function tryAppend(path: string, lines: readonly Uint8Array[], maxBytes: number): Appended | null {
  const none = (fault: string): Appended => ({ lines: 0, fault });
  let fd: number;
  try {
    fd = openLog(path);
  } catch (error) {
    const link = codeOf(error) === "ELOOP"; // what O_NOFOLLOW makes of one
    return none(`Cannot open ${path}: ${link ? "it is a symbolic link" : wordsOf(error)}`);
  }
  try {
    const stat = fstatSync(fd);
    if (stat.nlink === 0) return null;
    const unfit = fitnessText(judgeLog(stat, process.geteuid?.()));
    if (unfit) return none(`Cannot use ${path}: ${unfit}`);
    const fitting = maxBytes > 0 ? startingBelow(2 * maxBytes - stat.size, lines) : lines;
    const written = fitting.length > 0 ? write(fd, fitting) : 0;
    if (written > 0 && fstatSync(fd).nlink === 0) return null;
    if (written === lines.length) return { lines: written, fault: null };
    const full = written === fitting.length;
    const seen = full ? "over twice logMaxBytes, and no tap has rotated it" : "it took only a part";
    return { lines: written, fault: `Cannot write to ${path}: ${seen}` };
  } catch (error) {
    return none(`Cannot write to ${path}: ${wordsOf(error)}`);
  } finally {
    closeSync(fd);
  }
}

function openLog(path: string): number {
  const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  return openSync(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o600);
}

/** The lines that begin within so many bytes. */
function startingBelow(bytes: number, lines: readonly Uint8Array[]): readonly Uint8Array[] {
  let at = 0;
  const beyond = lines.findIndex((line) => {
    const begins = at;
    at += line.length;
    return begins > bytes;
  });
  return beyond < 0 ? lines : lines.slice(0, beyond);
}

/** How many lines were written whole. */
function write(fd: number, lines: readonly Uint8Array[]): number {
  // A full disk or a killed writer left half a line: these begin on a line of their own.
  const begin = endsInHalfLine(fd) ? [Uint8Array.of(LINE_FEED)] : [];
  let left = writeSync(fd, Buffer.concat([...begin, ...lines])) - begin.length;
  let whole = 0;
  for (const line of lines) {
    left -= line.length;
    if (left < 0) break;
    whole++;
  }
  return whole;
}

/**
 * Whether the last line has no end, and gets none. One write(2) makes a file longer page by page: what looks like half a
 * line may be one that a tap is writing.
 */
function endsInHalfLine(fd: number): boolean {
  for (let looks = 1; ; looks++) {
    const last = Uint8Array.of(LINE_FEED);
    const { size } = fstatSync(fd);
    if (size > 0) readSync(fd, last, 0, 1, size - 1);
    if (last[0] === LINE_FEED) return false;
    if (looks === LOOKS_MOST) return true;
    sleep(LOOK_MS);
  }
}

/** As sleep(3). */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

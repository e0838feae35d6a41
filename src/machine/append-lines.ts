import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { fitnessText, judgeLog } from "../log/fitness.ts";
import { causeOf, codeOf } from "./machine-error.ts";

const LINE_FEED = 0x0a;
const REOPENS_MOST = 64;
/** How often a last line without a newline is checked, and the delay between the checks. */
const CHECKS_MOST = 3;
const CHECK_MS = 2;

export interface Appended {
  /** How many of the lines were written, counted from the first. */
  readonly lines: number;
  /** Why not all were written, or null. */
  readonly fault: string | null;
}

/**
 * Appends lines to a log with one write(2), which is atomic on local file systems because of O_APPEND. Makes
 * the taps' checks first: a regular file of this user, with one link, not writable by others. Takes no lock,
 * since Node has no flock(2), and does not rotate. Blocks while the disk is slow: see `AppendThread`.
 * @param maxBytes no line starts beyond twice this size; 0: no limit
 */
export function appendLines(path: string, lines: readonly Uint8Array[], maxBytes: number): Appended {
  for (let opens = 0; opens < REOPENS_MOST; opens++) {
    const appended = tryAppend(path, lines, maxBytes);
    if (appended) return appended;
  }
  return { lines: 0, fault: `Cannot open ${path}: it is rotated all the time` };
}

/** Returns null if the opened file was deleted by two rotations. */
function tryAppend(path: string, lines: readonly Uint8Array[], maxBytes: number): Appended | null {
  const none = (fault: string): Appended => ({ lines: 0, fault });
  let fd: number;
  try {
    fd = openLog(path);
  } catch (error) {
    const link = codeOf(error) === "ELOOP"; // from O_NOFOLLOW
    return none(`Cannot open ${path}: ${link ? "it is a symbolic link" : causeOf(error)}`);
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
    return none(`Cannot write to ${path}: ${causeOf(error)}`);
  } finally {
    closeSync(fd);
  }
}

function openLog(path: string): number {
  const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  return openSync(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o600);
}

/** The lines that start within the first `bytes` bytes. */
function startingBelow(bytes: number, lines: readonly Uint8Array[]): readonly Uint8Array[] {
  let at = 0;
  const beyond = lines.findIndex((line) => {
    const begins = at;
    at += line.length;
    return begins > bytes;
  });
  return beyond < 0 ? lines : lines.slice(0, beyond);
}

/** Returns how many lines were written completely. */
function write(fd: number, lines: readonly Uint8Array[]): number {
  // After half a line of a full disk or a killed writer, start a new line.
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
 * Whether the last line has no newline and does not get one. One write(2) extends a file page by page, so
 * half a line may be one that a tap is just writing.
 */
function endsInHalfLine(fd: number): boolean {
  for (let checks = 1; ; checks++) {
    const last = Uint8Array.of(LINE_FEED);
    const { size } = fstatSync(fd);
    if (size > 0) readSync(fd, last, 0, 1, size - 1);
    if (last[0] === LINE_FEED) return false;
    if (checks === CHECKS_MOST) return true;
    sleep(CHECK_MS);
  }
}

/** Blocks the thread. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

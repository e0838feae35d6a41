import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs";
import { parseLogLine } from "../log/log-line.ts";
import type { Root } from "./root.ts";

/** How much of the end of a log is read to find its last line. */
const TAIL_BYTES = 64 << 10;

export interface LogState {
  readonly path: string;
  /** Null if there is no log, or something other than a regular file. */
  readonly bytes: number | null;
  /** Time of the last line or else of the last change, RFC 3339. Null if the log is empty. */
  readonly lastLine: string | null;
}

export function readLogState(root: Root, path: string): LogState {
  let fd: number;
  try {
    // Something else may be in the log's place: do not follow a link, do not wait for a FIFO.
    fd = openSync(root.entry(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return { path, bytes: null, lastLine: null };
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return { path, bytes: null, lastLine: null };
    const { size, mtime } = stat;
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(fd, tail, 0, tail.length, size - tail.length);
    const last = tail.toString("latin1").trimEnd().split("\n").at(-1) ?? "";
    const time = parseLogLine(last)?.time ?? mtime.toISOString();
    return { path, bytes: size, lastLine: size === 0 ? null : time };
  } finally {
    closeSync(fd);
  }
}

/** Permissions of a log; null if there is none, or something other than a regular file. */
export function readLogMode(root: Root, path: string): number | null {
  const stat = lstatSync(root.entry(path), { throwIfNoEntry: false });
  return stat?.isFile() ? stat.mode & 0o7777 : null;
}

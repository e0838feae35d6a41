import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { parseLogLine } from "../log/log-line.ts";
import type { Root } from "./root.ts";

/** As much of a log's end as is looked at for its last line. */
const TAIL_BYTES = 64 << 10;

export interface LogState {
  readonly path: string;
  /** Null where there is no log, or something else in its place. */
  readonly bytes: number | null;
  /** When the last line was written, RFC 3339: as the line says, else as the file does. */
  readonly lastLine: string | null;
}

export function readLogState(root: Root, path: string): LogState {
  let fd: number;
  try {
    // Whatever was put in the log's place: no link is followed, and no FIFO waited for.
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

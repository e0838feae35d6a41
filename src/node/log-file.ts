import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Root } from "./root.ts";

/** As much of a log's end as is looked at for its last line. */
const TAIL_BYTES = 64 << 10;

export interface LogState {
  readonly path: string;
  /** Null where there is no log. */
  readonly bytes: number | null;
  /** When the last line was written, RFC 3339: as the line says, else as the file does. */
  readonly lastLine: string | null;
}

export function readLogState(root: Root, path: string): LogState {
  let fd: number;
  try {
    fd = openSync(root.at(path), "r");
  } catch {
    return { path, bytes: null, lastLine: null };
  }
  try {
    const { size, mtime } = fstatSync(fd);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(fd, tail, 0, tail.length, size - tail.length);
    const last = tail.toString("latin1").trimEnd().split("\n").at(-1) ?? "";
    const time = /"time":"(\d{4}-[\d:.TZ-]+)"/.exec(last)?.[1];
    return { path, bytes: size, lastLine: size === 0 ? null : (time ?? mtime.toISOString()) };
  } finally {
    closeSync(fd);
  }
}

import type { ByteString } from "../log/byte-string.ts";
import type { Pieces } from "../log/pieces.ts";
import type { LogTarget } from "../log/target.ts";
import type { Instant } from "../log/time.ts";
import { INPUT_BYTES_MOST } from "./limits.ts";

/** What it found. Offsets in bytes; an absent member is 0, 0. */
export interface Scan {
  /** An index into SCAN_ERRORS; 0 is none. Only where it is 0 do the others count. */
  readonly error: number;
  /** Where the byte at fault stands; the length where the text ends too early. */
  readonly at: number;
  /** The object's span. */
  readonly start: number;
  readonly end: number;
  /** A raw CR or LF stands between its tokens. */
  readonly rawNewline: boolean;
  /** There were more secrets than the limit. */
  readonly overflow: boolean;
  /** Start and end for each name asked for; the last where the object has a name twice. */
  readonly members: readonly number[];
  /**
   * Start and end of each value whose key is secret, and of each string, key or value, that holds a JWT or a PEM block;
   * in the order of their start, none within another.
   */
  readonly secrets: readonly number[];
}

/** Why standard input is no request: the name in the C code, and the reason in words. */
export const SCAN_ERRORS: readonly (readonly [name: string, reason: string])[] = [
  ["SCAN_OK", ""],
  ["SCAN_END", "unexpected end"],
  ["SCAN_BYTE", "unexpected byte"],
  ["SCAN_ESCAPE", "bad escape"],
  ["SCAN_CONTROL", "control character in a string"],
  ["SCAN_DEEP", "too many levels"],
  ["SCAN_NOT_OBJECT", "not an object"],
  ["SCAN_TRAILING", "more than one value"],
  ["SCAN_TOO_LARGE", `larger than ${INPUT_BYTES_MOST >> 20} MiB`],
  ["SCAN_UNREADABLE", "read error"],
];

/**
 * What could not be done with lock or log: the name in the C code, the message, and what its detail is. A message has
 * the place of the file's name (`{lock}`, `{log}`), the deadline (`{ms}`) and the detail (`{}`).
 */
export const FAULTS: readonly (readonly [
  name: string,
  message: string,
  detail: "errno" | "unfit" | "none",
])[] = [
  ["FAULT_LOCK_OPEN", "Cannot open {lock}: {}", "errno"],
  ["FAULT_LOCK_UNFIT", "Cannot use {lock}: {}", "unfit"],
  ["FAULT_LOCK_BUSY", "Cannot lock {lock}: held elsewhere for all of {ms} ms, wrote without it", "none"],
  ["FAULT_LOCK_FAILED", "Cannot lock {lock}: {}", "errno"],
  ["FAULT_LOG_OPEN", "Cannot open {log}: {}", "errno"],
  ["FAULT_LOG_UNFIT", "Cannot use {log}: {}", "unfit"],
  ["FAULT_LOG_WRITE", "Cannot write to {log}: {}", "errno"],
  ["FAULT_LOG_SHORT", "Cannot write to {log}: it took only a part of the line", "none"],
  ["FAULT_ROTATE_CREATE", "Cannot rotate {log}: no new file beside it: {}", "errno"],
  ["FAULT_ROTATE_RENAME", "Cannot rotate {log}: its .1 cannot be replaced: {}", "errno"],
  ["FAULT_ROTATE_SWAP", "Cannot rotate {log}: it cannot change places with its .1: {}", "errno"],
  [
    "FAULT_LOG_FULL",
    "Cannot write to {log}: over twice logMaxBytes and not rotated, dropped the line",
    "none",
  ],
];

/**
 * The functions of the native programs, core/host.c. Strings are byte strings (src/log/byte-string.ts). None of them
 * decides anything; none throws but for arguments of a wrong shape or when memory is used up.
 */
export interface Host {
  env(name: string): ByteString | null;
  /** Whether standard input is a terminal. */
  isTerminal(): boolean;
  pid(): number;
  now(): Instant;
  /**
   * Reads standard input to its end and scans it once, within the limits of limits.ts and for the secrets of redact.ts.
   * @param members names of top-level members, at most 16 of at most 31 ASCII characters
   */
  readInput(members: readonly string[]): Scan;
  /** A slice of standard input. */
  text(start: number, end: number): ByteString;
  /**
   * Locks, rotates where due, appends the line with one writev(2), unlocks. `flatten` turns raw CR and LF of slices
   * into spaces. Returns the faults, two numbers each: index into FAULTS, detail.
   */
  append(target: LogTarget, line: Readonly<Pieces>, flatten: boolean): number[];
  /** Writes to standard output; 0 or an errno. From then on the process ends with exitCode, whatever happens to it. */
  reply(pieces: Readonly<Pieces>, exitCode: number): number;
  /** Writes to standard error what it takes without waiting. */
  complain(text: string): void;
  /** strerror(3). */
  errorText(errno: number): string;
}

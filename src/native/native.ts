import type { Pieces } from "../record/pieces.ts";
import type { Instant } from "../record/time.ts";

/** What one scan of standard input looks for, and its limits. */
export interface ScanRequest {
  /** More input than this is not read. */
  readonly byteLimit: number;
  /** Levels of nesting, the object itself being the first; at most 65,536. */
  readonly depthLimit: number;
  /** Secrets noted before `overflow`; 0 looks for none; at most 4,096. */
  readonly secretLimit: number;
  /** Names of top-level members, at most 16 of at most 31 ASCII characters. */
  readonly members: readonly string[];
  /** A key that holds one of these words is secret: a-z only, 128 letters in all, the endings included. */
  readonly words: readonly string[];
  /** ... unless it ends in one of these. */
  readonly endings: readonly string[];
}

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
  /** Start and end for each name asked for, the last where a name is given twice. */
  readonly members: readonly number[];
  /**
   * Start and end of each value whose key is secret, and of each string, key or value, that holds a JWT or a PEM block;
   * in the order of their start, none within another.
   */
  readonly secrets: readonly number[];
}

/** `enum scan_error` of scan.h, in words. */
export const SCAN_ERRORS: readonly string[] = [
  "",
  "unexpected end",
  "unexpected byte",
  "bad escape",
  "control character in a string",
  "too many levels",
  "not an object",
  "more than one value",
  "larger than 64 MiB",
  "read error",
];

/** Where a line goes. */
export interface LogTarget {
  readonly logFile: string;
  /** null appends without a lock. */
  readonly lockFile: string | null;
  readonly lockTimeoutMs: number;
  /** 0: never rotate. */
  readonly logMaxBytes: number;
}

/**
 * `enum fault_code` of log.h: what could not be done, and what its detail is. A message has the place of the file's
 * name (`{lock}`, `{log}`), the deadline (`{ms}`) and the detail (`{}`).
 */
export const FAULTS: readonly (readonly [message: string, detail: "errno" | "unfit" | "none"])[] = [
  ["Cannot open {lock}: {}", "errno"],
  ["Cannot use {lock}: {}", "unfit"],
  ["Cannot lock {lock}: held elsewhere for all of {ms} ms, wrote without it", "none"],
  ["Cannot lock {lock}: {}", "errno"],
  ["Cannot open {log}: {}", "errno"],
  ["Cannot use {log}: {}", "unfit"],
  ["Cannot write to {log}: {}", "errno"],
  ["Cannot write to {log}: it took only a part of the line", "none"],
  ["Cannot rotate {log}: no new file beside it: {}", "errno"],
  ["Cannot rotate {log}: its .1 cannot be replaced: {}", "errno"],
  ["Cannot rotate {log}: it cannot change places with its .1: {}", "errno"],
  ["Cannot write to {log}: over twice logMaxBytes and not rotated, dropped the line", "none"],
];

/** `enum unfit` of log.h, in words. */
export const UNFIT: readonly string[] = [
  "",
  "not a regular file",
  "another user's file",
  "it has other links",
  "others may write it",
  "not empty",
];

/**
 * The functions of the taps' machine, host.c. Strings are binary strings (src/record/binary.ts). None of them decides
 * anything; none throws but for arguments of a wrong shape or when memory is used up.
 */
export interface Host {
  env(name: string): string | null;
  /** Whether standard input is a terminal. */
  isTerminal(): boolean;
  pid(): number;
  now(): Instant;
  /** Reads standard input to its end and scans it once. */
  readInput(request: ScanRequest): Scan;
  /** A slice of standard input. */
  text(start: number, end: number): string;
  /**
   * Locks, rotates where due, appends the line with one writev(2), unlocks. `flatten` turns raw CR and LF of slices
   * into spaces. Returns the faults, two numbers each: index into FAULTS, detail.
   */
  append(target: LogTarget, line: Readonly<Pieces>, flatten: boolean): number[];
  /** Writes to standard output; 0 or an errno. From then on the process ends with exitCode, whatever befalls it. */
  reply(pieces: Readonly<Pieces>, exitCode: number): number;
  /** Writes to standard error what it takes without waiting. */
  complain(text: string): void;
  /** strerror(3). */
  errorText(errno: number): string;
  exit(code: number): never;
}

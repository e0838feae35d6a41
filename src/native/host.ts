import type { ByteString } from "../log/byte-string.ts";
import type { Pieces } from "../log/pieces.ts";
import type { SecretRules } from "../log/redact.ts";
import type { LogTarget } from "../log/target.ts";
import type { Instant } from "../log/time.ts";
import { INPUT_BYTES_MOST } from "./limits.ts";

/** The result of readInput. Offsets are in bytes; an absent member is 0, 0. */
export interface Scan {
  /** An index into SCAN_ERRORS. 0: no error; otherwise only `at` is meaningful. */
  readonly error: number;
  /** Offset of the invalid byte; the length if the text ends too early. */
  readonly at: number;
  /** The span of the object. */
  readonly start: number;
  readonly end: number;
  /** There is a raw CR or LF between tokens. */
  readonly rawNewline: boolean;
  /** There are more secrets than SECRETS_MOST. */
  readonly overflow: boolean;
  /** Start and end for each requested name; of the last one if a name is repeated. */
  readonly members: readonly number[];
  /**
   * Three numbers for each secret: start, end, and 1 for a part of a string, 0 for a whole value or key. Ordered by
   * start, not nested.
   */
  readonly secrets: readonly number[];
  /** Where asked for: start and end of each part to take out for the object to be without the first name's members. */
  readonly cuts?: readonly number[];
}

/** Why standard input is not a request: the name in the C code, and the message. */
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
 * What failed with lock or log: the name in the C code, the message, and the kind of its detail.
 * Placeholders: the file (`{lock}`, `{log}`), the deadline (`{ms}`) and the detail (`{}`).
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
 * The functions that core/host.c gives to the script. Strings are byte strings (src/log/byte-string.ts). They
 * make no decisions, and throw only for invalid arguments or when out of memory.
 */
export interface Host extends SecretRules {
  env(name: string): ByteString | null;
  /** Whether standard input is a terminal. */
  isTerminal(): boolean;
  pid(): number;
  now(): Instant;
  /**
   * Reads standard input to its end and scans it, with the limits of limits.ts and the rules of log/secret-keys.ts
   * and log/secret-texts.ts. The next call scans the same bytes again.
   * @param members names of top-level members to find: at most 16, each of at most 31 ASCII characters
   * @param everywhere whether to search secrets in the whole object, or only in these members
   * @param cut whether to find where the first of these members is to be cut out
   */
  readInput(members: readonly string[], everywhere: boolean, cut?: boolean): Scan;
  /** A slice of standard input, or of another text that a program's host has. */
  text(start: number, end: number): ByteString;
  /**
   * Locks, rotates if due, appends the line with one writev(2), unlocks. `flatten` turns raw CR and LF of slices
   * into spaces. `escapeControls`, for a line of JSON, escapes U+007F to U+009F, which a terminal would obey.
   * Returns two numbers per fault: index into FAULTS, and detail.
   */
  append(target: LogTarget, line: Readonly<Pieces>, flatten: boolean, escapeControls: boolean): number[];
  /** Writes to standard output. Returns 0 or an errno. A crash after this call still exits with exitCode. */
  reply(pieces: Readonly<Pieces>, exitCode: number): number;
  /** Writes to standard error, as much as it accepts without blocking. */
  complain(text: string): void;
  /** strerror(3). */
  errorText(errno: number): string;
}

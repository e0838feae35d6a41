import type { ByteString } from "../log/byte-string.ts";
import type { Span } from "../log/call-line.ts";
import type { Pieces } from "../log/pieces.ts";
import type { Host, Scan } from "./host.ts";

/** Of output that is longer, only the first bytes are kept. */
export const OUTPUT_BYTES_MOST = 16 * 1024 * 1024;

/**
 * How a plugin ended, as numbers. `error`: errno of its start, 0: it was started; then its exit code or signal (0: none),
 * the time it took in microseconds, the bytes of its output and how many of them were kept, and the bytes of its errors.
 */
export type PluginRun = readonly [
  error: number,
  exit: number,
  signal: number,
  microseconds: number,
  outputBytes: number,
  outputKept: number,
  errorBytes: number,
];

/** What wrap/functions.c adds to the host. Slices of its texts are numbers as those of standard input are. */
export interface WrapHost extends Host {
  /** The last part of the path that this process was started by. */
  startedAs(): ByteString;
  /** Scans the file cni-tap.json in the folder of that path; null if there is none. */
  scanSettings(members: readonly string[]): Scan | null;
  /** Scans a slice for the members of an object. */
  scanObject(start: number, end: number, members: readonly string[]): Scan;
  inputBytes(): number;
  /**
   * The path of the plugin, null if there is none. `delegates`: its CNI_PATH is to begin with the folder of links beside
   * it (src/native/wrap/find.h).
   */
  findPlugin(name: ByteString, delegates: boolean): ByteString | null;
  /**
   * Runs a plugin, hands on what it says, and waits for its end. Where it cannot be started, nothing was handed on.
   * @param stdin null: standard input as it came
   */
  runPlugin(path: ByteString, stdin: Readonly<Pieces> | null): PluginRun;
  /**
   * Puts a plugin in this process's place. Returns, with an errno, only where that cannot be done.
   * @param stdin null: it gets this process's own, which nobody has read
   */
  replaceByPlugin(path: ByteString, stdin: Readonly<Pieces> | null): number;
  /** Scans what was kept of the output for one JSON value of any kind, and for its secrets. */
  scanOutput(): Scan;
  /** The first `most` bytes of the output as a JSON string, null without memory; of the errors the first and the last. */
  quoteOutput(most: number, redact: boolean): readonly [start: number, end: number] | null;
  quoteErrors(redact: boolean): readonly [start: number, end: number] | null;
  /** Closes standard output. */
  closeOutput(): void;
}

/** The slice that a quote is. */
export function spanOf(quote: readonly [start: number, end: number] | null): Span | null {
  return quote === null ? null : { start: quote[0], end: quote[1] };
}

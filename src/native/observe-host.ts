import type { ByteString } from "../log/byte-string.ts";
import type { LineTexts } from "../log/pod-line.ts";
import type { LogTarget } from "../log/target.ts";

/** The sockets of the observer. */
export const SOCKET = {
  /** The runtime's NRI. */
  nri: 0,
  /** The runtime's CRI, which is asked who it is. */
  cri: 1,
} as const;
export type SocketNumber = (typeof SOCKET)[keyof typeof SOCKET];

/** The processes that write, so that nothing slow is in the way of an event. */
export const WRITER = {
  /** The log of the taps, under their lock. */
  log: 0,
  /** Standard error. */
  error: 1,
} as const;
export type WriterNumber = (typeof WRITER)[keyof typeof WRITER];

/** Bits of what `wait` returns. */
export const READY = {
  /** SIGTERM, SIGINT or SIGHUP has come, once and for all. */
  signal: 1,
  /** `1 << (READY.socket + number)`: there is something to receive, an end, or an error. */
  socket: 1,
  /** `1 << (READY.writer + number)`: `written` has an answer. */
  writer: 3,
} as const;

/** What a path is, without following more than symbolic links. */
export type FileKind = "socket" | "directory" | "other";

/**
 * A field path: the numbers of the fields from the message to the field. The last one is negative for a varint, which is
 * told as its bytes; the others are length-delimited. A field of another wire type is skipped as an unknown one is.
 */
export type FieldPath = readonly number[];

/**
 * The functions that native/observe/functions.c gives to the script of cnitap-observe. They make no decisions, and throw
 * only for invalid arguments or when out of memory. Strings are byte strings (src/log/byte-string.ts).
 */
export interface ObserveHost extends LineTexts {
  /** The arguments, the program's name first. */
  args(): ByteString[];
  env(name: string): ByteString | null;
  /** strerror(3). */
  errorText(errno: number): string;
  /** The name of an errno, "ENOENT"; "" for one without a name. */
  errorName(errno: number): string;
  /** Whether a text has only characters from space to ~, but not " and \\. */
  isPlain(text: string): boolean;
  /** Whether standard error is a terminal. */
  isTerminal(): boolean;
  /** CLOCK_REALTIME in milliseconds, with fractions. */
  wallMs(): number;
  /** CLOCK_MONOTONIC in milliseconds since the start of the process, with fractions. */
  clockMs(): number;
  /** The first `most` bytes of a regular file, or a negative errno. */
  readFile(path: ByteString, most: number): ByteString | number;
  /** What a path leads to (stat(2)); null if nothing. */
  fileKind(path: ByteString): FileKind | null;
  /** Evaluates the YAML parser (the script's second part), which leaves the global `yaml`. Does nothing the second time. */
  loadYaml(): void;
  /** Writes to standard output or error at once, before there is a runtime to wait for: help and usage. */
  print(fd: 1 | 2, text: ByteString): void;

  /** Runs what promises have to do, until there is nothing more. What was thrown nobody caught ends the process. */
  runJobs(): void;
  /** Collects garbage that counting references does not find. */
  collect(): void;

  /** Connects a socket to a path of at most 107 bytes, without blocking. Returns 0 or an errno. */
  connect(socket: SocketNumber, path: ByteString): number;
  /** Takes an inherited descriptor as a socket. Returns 0 or an errno; ENOTSOCK if it is none. */
  adopt(socket: SocketNumber, descriptor: number): number;
  /** Sends bytes; what the other side does not take now is kept and sent while `wait` waits. Returns 0 or an errno. */
  send(socket: SocketNumber, bytes: Uint8Array): number;
  /** How many bytes are kept by `send`. */
  unsent(socket: SocketNumber): number;
  /** Bytes of their own, at most 64 KB; null: the end; a number: 0 nothing now, else an errno. */
  receive(socket: SocketNumber): Uint8Array | number | null;
  /** Closes a socket, and forgets what was not sent. Does nothing if it is closed. */
  close(socket: SocketNumber): void;
  /**
   * Waits until something is ready, or for `ms` milliseconds (at most 2^31 - 1; 0: only looks). Returns bits of `READY`.
   * @param reading bit `1 << number` for each socket that is to be read
   */
  wait(ms: number, reading: number): number;

  /**
   * Hands whole lines to a writer, which has no others. Starts one if there is none.
   * @param target where the log is; null for standard error
   * @returns 0, or an errno if there can be no writer
   */
  write(writer: WriterNumber, target: LogTarget | null, lines: readonly ByteString[]): number;
  /**
   * What has become of the lines: how many were written whole, counted from the first, and two numbers for each fault,
   * an index into FAULTS (native/host.ts) and its detail. Null: not written yet. For standard error all count as written:
   * there is nowhere to tell a fault. A writer that has died has written none, fault -1.
   */
  written(writer: WriterNumber): number[] | null;

  /** Makes a number of field paths, for the functions below. At most 64 paths of at most 8 numbers, 16 sets. */
  fieldPaths(paths: readonly FieldPath[]): number;
  /**
   * Finds the fields at paths in a message, in order, a field before those inside it. Returns how many there are: three
   * numbers each in `spans()` (index of the path, start and end of its content in `bytes`), until the next call. -1: this
   * is no message.
   */
  fields(bytes: Uint8Array | ByteString, start: number, end: number, paths: number): number;
  spans(): Int32Array;
  /** Bytes as a byte string. @throws if `utf8` and they are not UTF-8 (RFC 3629) */
  text(bytes: Uint8Array, start: number, end: number, utf8: boolean): ByteString;
  /**
   * A message with the fields at paths, and nothing else: a record. Of several spans (start and end each) those of all, as
   * messages are merged. A byte string, since that is memory without an object. Null: it is no message, or a field that was
   * asked for and is no varint is not UTF-8.
   */
  keep(bytes: Uint8Array, spans: readonly number[], paths: number): ByteString | null;
}

import { type ByteString, decodeUtf8 } from "../log/byte-string.ts";
import { printable } from "../log/printable.ts";
import { watchReader } from "../machine/reader-watch.ts";

/** The side effects of a command besides changes of the node's files. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Like `out`, for bytes that need be no UTF-8. */
  outBytes(bytes: Uint8Array): void;
  /** Whether the reader of standard output has gone. */
  readonly closed: boolean;
  /** Whether to use colours on standard output. */
  readonly colour: boolean;
  /** Whether standard error is a terminal. */
  readonly terminal: boolean;
  /** The width of the terminal on standard output; null: it is none. */
  readonly columns: number | null;
  /** One of EXIT: 0 fine, 1 failed, 2 invalid usage, 3 done, but with findings. */
  exitCode: number;
  /** Kills the process soon if it does not exit by itself: exit(3) waits for a hanging write(2). */
  leave(): void;
}

const LEAVE_MS = 100;

export const EXIT = { fine: 0, failed: 1, usage: 2, found: 3 } as const;

/** The Io of this process. */
export function processIo(): Io {
  let closed = false;
  process.stdout.on("error", () => {
    closed = true; // the reader has closed the pipe, like `head`
  });
  let watch: (() => boolean) | null | undefined;
  const isReaderGone = () => {
    if (watch === undefined) watch = process.stdout.isTTY ? null : watchReader();
    return watch?.() === true;
  };
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    outBytes: (bytes) => void process.stdout.write(bytes),
    get closed() {
      closed ||= isReaderGone();
      return closed;
    },
    colour: process.stdout.isTTY === true && !process.env.NO_COLOR,
    terminal: process.stderr.isTTY === true,
    get columns() {
      return process.stdout.isTTY === true ? process.stdout.columns : null;
    },
    get exitCode() {
      return Number(process.exitCode ?? 0);
    },
    set exitCode(code) {
      process.exitCode = code;
    },
    leave: () => void setTimeout(() => process.kill(process.pid, "SIGKILL"), LEAVE_MS).unref(),
  };
}

const CODES = { bold: "1", red: "31", green: "32", yellow: "33" } as const;

export type Colour = keyof typeof CODES;

export function paint(io: Io, colour: Colour, text: string): string {
  return io.colour ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}

/** Escapes untrusted text for a terminal. Keeps line feeds and tabs. */
export function escapeForTerminal(text: string): string {
  return printable(text, "\n\t");
}

/** Decodes and escapes the bytes of a file for a terminal. */
export function showBytes(text: ByteString): string {
  return escapeForTerminal(decodeUtf8(text));
}

export function printJson(io: Io, value: unknown): void {
  io.out(`${JSON.stringify(value, null, 2)}\n`);
}

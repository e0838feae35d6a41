import { type ByteString, decodeUtf8 } from "../log/byte-string.ts";
import { printable } from "../log/printable.ts";

/** What a command may do to the world besides the node's files; tests give it buffers. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Whether standard output takes colours. */
  readonly colour: boolean;
  /** 0 fine, 1 failed, 2 invalid usage, 3 done and something was found. */
  exitCode: number;
  /** Ends the process soon, should it not end by itself: exit(3) waits for a write(2) that hangs. */
  leave(): void;
}

const LEAVE_MS = 100;

export const EXIT = { fine: 0, failed: 1, usage: 2, found: 3 } as const;

/** The process's own. */
export function processIo(): Io {
  process.stdout.on("error", () => {}); // a reader that has seen enough, as `head`
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    colour: process.stdout.isTTY === true && !process.env.NO_COLOR,
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

export function paint(io: Io, colour: keyof typeof CODES, text: string): string {
  return io.colour ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}

/** Foreign text as it may be shown on a terminal; its lines stay lines. */
export function escapeForTerminal(text: string): string {
  return printable(text, "\n\t");
}

/** A file's bytes, one character a byte, as text for a terminal. */
export function showBytes(text: ByteString): string {
  return escapeForTerminal(decodeUtf8(text));
}

/** One JSON value a line. */
export function printJson(io: Io, value: unknown): void {
  io.out(`${JSON.stringify(value, null, 2)}\n`);
}

import type { Pieces } from "../log/pieces.ts";
import type { LogTarget } from "../log/target.ts";

/** Position of a tap in its chain: first or last. */
export type Role = "pre" | "post";

/** A line for the log. */
export interface Line {
  readonly target: LogTarget;
  readonly pieces: Readonly<Pieces>;
  /** Raw CR and LF of slices become spaces. */
  readonly flatten: boolean;
  /** The line is JSON: U+007F to U+009F are escaped. */
  readonly escapeControls: boolean;
}

/** What to do for a call. */
export interface Outcome {
  /** For standard output; may be empty. */
  readonly reply: Readonly<Pieces>;
  readonly line: Line | null;
  /** Faults other than those of the log. Each is `Cannot <verb> <object>: <reason>`. */
  readonly complaints: readonly string[];
  /** Whether to show the usage on standard error. */
  readonly usage: boolean;
  readonly exitCode: 0 | 1;
}

/** No reply, no line, success. */
export const NOTHING = { reply: [], line: null, complaints: [], usage: false, exitCode: 0 } as const;

import type { Pieces } from "../log/pieces.ts";
import type { LogTarget } from "../log/target.ts";

/** Where a tap stands in its chain. */
export type Role = "pre" | "post";

/** A line for the log. */
export interface Line {
  readonly target: LogTarget;
  readonly pieces: Readonly<Pieces>;
  /** Raw CR and LF of slices become spaces. */
  readonly flatten: boolean;
}

/** Everything a call leads to. */
export interface Outcome {
  /** For standard output; empty for none. */
  readonly reply: Readonly<Pieces>;
  readonly line: Line | null;
  /** Faults found so far; those of the log come later. Each `Cannot <verb> <object>: <what was seen>`. */
  readonly complaints: readonly string[];
  /** For a person at a terminal, on standard error. */
  readonly usage: boolean;
  readonly exitCode: 0 | 1;
}

/** No reply, no line, success. */
export const NOTHING = { reply: [], line: null, complaints: [], usage: false, exitCode: 0 } as const;

import type { Role } from "../../src/tap/outcome.ts";

/** One call of a tap. Texts are binary strings, with one character per byte. */
export interface Call {
  readonly role: Role;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

/** The answer of a tap, in the same encoding. */
export interface Answer {
  /** Null if a signal ended the tap. */
  readonly code: number | null;
  readonly signal: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly log: string;
}

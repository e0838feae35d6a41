import type { Role } from "../../src/tap/outcome.ts";

/** One call of a tap; all texts are binary strings, one character a byte. */
export interface Call {
  readonly role: Role;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

/** What came of it, the same way. */
export interface Answer {
  /** Null where a signal ended the tap. */
  readonly code: number | null;
  readonly signal: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly log: string;
}

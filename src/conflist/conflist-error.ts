/** `broken`: not JSON. `invalid`: JSON, but not a valid network. `refused`: an edit that would be wrong. */
export type ConflistErrorCode = "broken" | "invalid" | "refused";

/**
 * A fault of a network's file, or of an edit of it. The message gives line and column and never quotes the
 * file, which may contain tokens.
 */
export class ConflistError extends Error {
  override name = "ConflistError";
  readonly code: ConflistErrorCode;

  constructor(code: ConflistErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** `broken`: not JSON. `invalid`: JSON that no runtime takes as a network. `refused`: an edit that is not made. */
export type ConflistErrorCode = "broken" | "invalid" | "refused";

/**
 * What is wrong with a network's file, or with an edit of it. The message never holds the file's text, which may have
 * tokens in it: a place is told by line and column.
 */
export class ConflistError extends Error {
  override name = "ConflistError";
  readonly code: ConflistErrorCode;

  constructor(code: ConflistErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

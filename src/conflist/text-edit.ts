import { asByteString, type ByteString } from "../log/byte-string.ts";

/** A part of a text in place of which another text is to stand. */
export interface Edit {
  readonly offset: number;
  readonly length: number;
  /** ASCII. */
  readonly content: string;
}

/** The text with the edits made. They do not overlap; two at one offset are made in the order given. */
export function applyEdits(text: ByteString, edits: readonly Edit[]): ByteString {
  let result = "";
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.offset - b.offset)) {
    result += text.slice(at, edit.offset) + edit.content;
    at = edit.offset + edit.length;
  }
  return asByteString(result + text.slice(at));
}

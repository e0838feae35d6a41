import { asByteString, type ByteString } from "../log/byte-string.ts";

/** Replaces a part of a text. */
export interface Edit {
  readonly offset: number;
  readonly length: number;
  /** One character a byte, as the text. */
  readonly content: string;
}

/** Applies the edits. They must not overlap; those at the same offset are applied in the given order. */
export function applyEdits(text: ByteString, edits: readonly Edit[]): ByteString {
  let result = "";
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.offset - b.offset)) {
    result += text.slice(at, edit.offset) + edit.content;
    at = edit.offset + edit.length;
  }
  return asByteString(result + text.slice(at));
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/**
 * Makes untrusted text safe for a terminal: control characters and those that change the text direction are
 * escaped as by Go's `%q`, which escapes what strconv.IsPrint rejects.
 * @param keep characters to leave as they are, such as a line feed in a text of several lines
 */
export function printable(text: string, keep = ""): string {
  return text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (char) => {
    if (keep.includes(char)) return char;
    const code = char.codePointAt(0) ?? 0;
    const hex = (digits: number) => code.toString(16).padStart(digits, "0");
    return ESCAPES[char] ?? (code < 0x80 ? `\\x${hex(2)}` : code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`);
  });
}

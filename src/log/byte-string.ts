/**
 * Binary strings: one character a byte, U+0000 to U+00FF. Standard input and environment variables come to a tap in
 * this form and go back in it, so that bytes which are not UTF-8 survive.
 */

const SIMPLE_ESCAPES: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** The UTF-8 of a code unit as a binary string; a surrogate is written by itself, as three bytes. */
function utf8OfUnit(unit: number): string {
  if (unit < 0x80) return String.fromCharCode(unit);
  if (unit < 0x800) return String.fromCharCode(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f));
  return String.fromCharCode(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
}

function utf8OfPair(high: number, low: number): string {
  const point = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
  return String.fromCharCode(
    0xf0 | (point >> 18),
    0x80 | ((point >> 12) & 0x3f),
    0x80 | ((point >> 6) & 0x3f),
    0x80 | (point & 0x3f),
  );
}

/** The bytes a valid JSON string stands for, from its text with the quotes. */
export function decodeJsonString(text: string): string {
  const inside = text.slice(1, -1);
  let at = inside.indexOf("\\");
  if (at < 0) return inside;
  let decoded = "";
  let from = 0;
  for (; at >= 0; at = inside.indexOf("\\", from)) {
    decoded += inside.slice(from, at);
    const letter = inside.charAt(at + 1);
    if (letter !== "u") {
      decoded += SIMPLE_ESCAPES[letter] ?? letter;
      from = at + 2;
      continue;
    }
    const unit = Number.parseInt(inside.slice(at + 2, at + 6), 16);
    from = at + 6;
    const next =
      inside.slice(from, from + 2) === "\\u" ? Number.parseInt(inside.slice(from + 2, from + 6), 16) : 0;
    if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
      decoded += utf8OfPair(unit, next);
      from += 6;
    } else {
      decoded += utf8OfUnit(unit);
    }
  }
  return decoded + inside.slice(from);
}

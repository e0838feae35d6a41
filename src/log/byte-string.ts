declare const byteString: unique symbol;

/**
 * Bytes as a string, one character a byte, U+0000 to U+00FF: "ü" has two, its UTF-8. Standard input, variables and files
 * are kept in this form and written back from it, so that bytes which are not UTF-8 survive.
 */
export type ByteString = string & { readonly [byteString]: true };

/** Says of a string that it is one: of ASCII, or read byte by byte. */
export function asByteString(latin1: string): ByteString {
  return latin1 as ByteString;
}

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
export function decodeJsonString(text: ByteString): ByteString {
  const inside = text.slice(1, -1);
  let at = inside.indexOf("\\");
  if (at < 0) return asByteString(inside);
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
  return asByteString(decoded + inside.slice(from));
}

/** A text's UTF-8. A surrogate without its other half becomes U+FFFD, as everywhere. */
export function encodeUtf8(text: string): ByteString {
  let bytes = "";
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    bytes += text.slice(from, at);
    const next = text.charCodeAt(at + 1);
    if (unit < 0xd800 || unit >= 0xe000) {
      bytes += utf8OfUnit(unit);
    } else if (unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
      bytes += utf8OfPair(unit, next);
      at++;
    } else {
      bytes += utf8OfUnit(REPLACEMENT);
    }
    from = at + 1;
  }
  return asByteString(from === 0 ? text : bytes + text.slice(from));
}

const REPLACEMENT = 0xfffd;

/** The text that bytes are in UTF-8; what is none becomes U+FFFD, as the Encoding Standard has it. */
export function decodeUtf8(bytes: ByteString): string {
  let text = "";
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes.charCodeAt(at);
    if (lead < 0x80) {
      at++;
      continue;
    }
    text += bytes.slice(from, at);
    const more =
      lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 0;
    let point = lead & (0x3f >> more);
    let taken = 1;
    for (; taken <= more; taken++) {
      const byte = bytes.charCodeAt(at + taken);
      if (!(byte >= leastAfter(lead, taken) && byte <= mostAfter(lead, taken))) break;
      point = (point << 6) | (byte & 0x3f);
    }
    text += String.fromCodePoint(more > 0 && taken > more ? point : REPLACEMENT);
    at += more > 0 ? taken : 1;
    from = at;
  }
  return from === 0 ? bytes : text + bytes.slice(from);
}

/** The bounds of the byte after a lead: neither overlong forms, nor surrogates, nor what is above U+10FFFF. */
function leastAfter(lead: number, taken: number): number {
  return taken === 1 && lead === 0xe0 ? 0xa0 : taken === 1 && lead === 0xf0 ? 0x90 : 0x80;
}

function mostAfter(lead: number, taken: number): number {
  return taken === 1 && lead === 0xed ? 0x9f : taken === 1 && lead === 0xf4 ? 0x8f : 0xbf;
}

declare const byteString: unique symbol;

/**
 * Bytes as a string, one character (U+0000 to U+00FF) per byte: "ü" is two characters, its UTF-8 bytes.
 * Standard input, variables and files are kept and written in this form, so that invalid UTF-8 survives.
 */
export type ByteString = string & { readonly [byteString]: true };

/** Marks a string as a ByteString, unchecked. It must be ASCII or already have one character per byte. */
export function asByteString(latin1: string): ByteString {
  return latin1 as ByteString;
}

const SIMPLE_ESCAPES: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** The UTF-8 of one UTF-16 code unit. A surrogate is encoded on its own, as three bytes. */
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

/** Decodes a valid JSON string, given with its quotes. */
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

/** Encodes a text as UTF-8. An unpaired surrogate becomes U+FFFD. */
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

/** Decodes UTF-8. Invalid sequences become U+FFFD, as in the Encoding Standard. */
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

/** The bounds of a continuation byte; they exclude overlong forms, surrogates and values above U+10FFFF. */
function leastAfter(lead: number, taken: number): number {
  return taken === 1 && lead === 0xe0 ? 0xa0 : taken === 1 && lead === 0xf0 ? 0x90 : 0x80;
}

function mostAfter(lead: number, taken: number): number {
  return taken === 1 && lead === 0xed ? 0x9f : taken === 1 && lead === 0xf4 ? 0x8f : 0xbf;
}

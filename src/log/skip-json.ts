/*
 * Goes over JSON texts (RFC 8259) without making values of them. A place is an index of bytes; -1 stands for what is no JSON,
 * and for what is not written as programs do: with spaces between its parts, or nested deeper than DEPTH_MOST.
 */

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LETTER_U = 0x75;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const DEPTH_MOST = 100;
const ESCAPES = new Set([...'"\\/bfnrt'].map((letter) => letter.charCodeAt(0)));
const LITERALS = ["true", "false", "null"].map((word) =>
  Uint8Array.from(word, (letter) => letter.charCodeAt(0)),
);

/** The place behind the value that begins here. */
export function skipValue(bytes: Uint8Array, at: number, depth = 0): number {
  const byte = bytes[at] ?? 0;
  if (byte === QUOTE) return skipString(bytes, at);
  if (byte === OPEN_BRACE) return skipObject(bytes, at, depth + 1);
  if (byte === OPEN_BRACKET) return skipArray(bytes, at, depth + 1);
  if (byte === MINUS || (byte >= ZERO && byte <= NINE)) return skipNumber(bytes, at);
  for (const literal of LITERALS) if (isThere(bytes, at, literal)) return at + literal.length;
  return -1;
}

/** The place behind the string whose quote is here. */
export function skipString(bytes: Uint8Array, quote: number): number {
  for (let at = quote + 1; ; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at + 1;
    if (byte < 0x20) return -1;
    if (byte !== BACKSLASH) continue;
    const letter = bytes[++at] ?? 0;
    if (letter === LETTER_U) {
      for (let left = 4; left > 0; left--) if (!isHex(bytes[++at] ?? 0)) return -1;
    } else if (!ESCAPES.has(letter)) return -1;
  }
}

/** The place behind the string whose quote is here, if it has no escapes. */
export function skipPlainString(bytes: Uint8Array, quote: number): number {
  if (bytes[quote] !== QUOTE) return -1;
  for (let at = quote + 1; ; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at + 1;
    if (byte < 0x20 || byte === BACKSLASH) return -1;
  }
}

/**
 * Goes over the members of the object whose brace is here; -1 if a name has escapes.
 * @param member gets where the name, without its quotes, and the value begin; it answers with the place behind the value
 */
export function skipMembers(
  bytes: Uint8Array,
  brace: number,
  member: (nameFrom: number, nameTo: number, valueAt: number) => number,
): number {
  if (bytes[brace] !== OPEN_BRACE) return -1;
  let at = brace + 1;
  if (bytes[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    const nameFrom = at + 1;
    at = skipPlainString(bytes, at);
    if (at < 0 || bytes[at] !== COLON) return -1;
    at = member(nameFrom, at - 1, at + 1);
    if (at < 0) return -1;
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at++;
  }
}

function skipObject(bytes: Uint8Array, brace: number, depth: number): number {
  let at = brace + 1;
  if (bytes[at] === CLOSE_BRACE) return at + 1;
  if (depth > DEPTH_MOST) return -1;
  for (;;) {
    if (bytes[at] !== QUOTE) return -1;
    at = skipString(bytes, at);
    if (at < 0 || bytes[at] !== COLON) return -1;
    at = skipValue(bytes, at + 1, depth);
    if (at < 0) return -1;
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at++;
  }
}

function skipArray(bytes: Uint8Array, bracket: number, depth: number): number {
  let at = bracket + 1;
  if (bytes[at] === CLOSE_BRACKET) return at + 1;
  if (depth > DEPTH_MOST) return -1;
  for (;;) {
    at = skipValue(bytes, at, depth);
    if (at < 0) return -1;
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at++;
  }
}

function skipNumber(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === MINUS ? from + 1 : from;
  const whole = at;
  at = skipDigits(bytes, at);
  if (at === whole || (bytes[whole] === ZERO && at > whole + 1)) return -1;
  if (bytes[at] === DOT) {
    const fraction = at + 1;
    at = skipDigits(bytes, fraction);
    if (at === fraction) return -1;
  }
  if (((bytes[at] ?? 0) | 0x20) !== 0x65) return at;
  at++;
  if (bytes[at] === PLUS || bytes[at] === MINUS) at++;
  const exponent = at;
  at = skipDigits(bytes, exponent);
  return at === exponent ? -1 : at;
}

function skipDigits(bytes: Uint8Array, from: number): number {
  let at = from;
  for (let byte = bytes[at] ?? 0; byte >= ZERO && byte <= NINE; byte = bytes[at] ?? 0) at++;
  return at;
}

function isHex(byte: number): boolean {
  const lower = byte | 0x20;
  return (byte >= ZERO && byte <= NINE) || (lower >= 0x61 && lower <= 0x66);
}

export function isThere(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index++)
    if (bytes[at + index] !== expected[index]) return false;
  return true;
}

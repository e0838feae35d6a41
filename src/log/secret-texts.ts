import { isSecretKey, KEY_LETTERS_MOST } from "./secret-keys.ts";

/* secret.c and secret-parts.c do the same as this file. All of it takes time linear in the length of the text. */

function isBase64Url(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f ||
    code === 0x2d
  );
}

function endOfBase64Url(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBase64Url(text.charCodeAt(at))) at++;
  return at;
}

/** What a text that is hidden whole contains: a PEM block, its base64, and what a JWT begins with. */
export const SECRET_SHAPES = ["-----BEGIN ", "LS0tLS1CRUdJTi", "eyJ"] as const;
const [PEM, BASE64_PEM, JWT] = SECRET_SHAPES;

/**
 * Whether a text is hidden whole: it contains a JWT (`/eyJ[\w-]*\.[\w-]*\.[\w-]/`: the middle of an encrypted one
 * may be empty) or the start of a PEM block, also in base64. Each part is scanned at most twice.
 */
export function holdsSecretShape(text: string): boolean {
  if (text.includes(PEM) || text.includes(BASE64_PEM)) return true;
  let at = text.indexOf(JWT);
  while (at >= 0) {
    const first = endOfBase64Url(text, at + JWT.length);
    if (text.charAt(first) === ".") {
      const second = endOfBase64Url(text, first + 1);
      if (text.charAt(second) === "." && isBase64Url(text.charCodeAt(second + 1))) return true;
    }
    at = text.indexOf(JWT, first);
  }
  return false;
}

const SEPARATOR = /[:=]/g;
/** What follows the `:` of a URL with user info: the user info is the group. A slash may be escaped. */
const USER_INFO = /\\*\/\\*\/([^\0-\x20/?#"',;\\]*)@/y;
const SLASHES = /\\*\/\\*\//y;
/** What is between a separator and a value; the group is an opening quote. */
const BEFORE_VALUE = /[ \t]*(?:\\*(["']))?/y;
const BACKSLASHES = /\\*/y;

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Where the value after a separator begins, null if it is empty. */
function valueAfter(text: string, separator: number): number | null {
  const before = matchAt(BEFORE_VALUE, text, separator + 1);
  const start = separator + 1 + (before?.[0].length ?? 0);
  const quote = before?.[1];
  if (quote !== undefined) {
    const next = start + (matchAt(BACKSLASHES, text, start)?.[0].length ?? 0);
    if (text.charAt(next) === quote) return null;
  }
  return start < text.length ? start : null;
}

interface Identifier {
  readonly name: string;
  readonly start: number;
  /** There is a quote after it. */
  readonly quoted: boolean;
}

/** The offset before the characters that end at an offset. */
function backOver(text: string, to: number, isIn: (char: string) => boolean): number {
  let at = to;
  while (at > 0 && isIn(text.charAt(at - 1))) at--;
  return at;
}

const isBackslash = (char: string) => char === "\\";
const isBlank = (char: string) => char === " " || char === "\t";
const isQuote = (char: string) => char === '"' || char === "'";

/** The identifier that ends at an offset, or at the quote there. */
function identifierBefore(text: string, to: number): Identifier {
  const quoted = to > 0 && isQuote(text.charAt(to - 1));
  const end = quoted ? backOver(text, to - 1, isBackslash) : to;
  const start = backOver(text, end, (char) => /[\w.-]/.test(char));
  const from = Math.max(start, end - KEY_LETTERS_MOST);
  return { name: text.slice(from, end), start: from, quoted };
}

/** How many letters of an escape the identifier begins with. */
function escapeIn(text: string, { name, start }: Identifier): number {
  return text.charAt(start - 1) === "\\" && /^[bfnrt]/.test(name) ? 1 : 0;
}

/** The letter of an escape counts only where it makes a secret word. */
function isSecretIdentifier(text: string, identifier: Identifier): boolean {
  return isSecretKey(identifier.name) || isSecretKey(identifier.name.slice(escapeIn(text, identifier)));
}

/** The offset before white space, escaped or not. */
function backOverSpace(text: string, to: number): number {
  let at = to;
  for (;;) {
    const char = text.charAt(at - 1);
    if (/^[ \t\n\r]$/.test(char)) at--;
    else if (/^[nrt]$/.test(char) && text.charAt(at - 2) === "\\") at = backOver(text, at - 1, isBackslash);
    else return at;
  }
}

/** Whether there are only blanks and dashes between the start of a line and an offset. */
function isAtLineStart(text: string, to: number): boolean {
  let at = to;
  while (at > 0) {
    const char = text.charAt(at - 1);
    const isEscape = text.charAt(at - 2) === "\\";
    if (isBlank(char) || char === "-") at--;
    else if (char === "t" && isEscape) at = backOver(text, at - 1, isBackslash);
    else return char === "\n" || char === "\r" || (isEscape && (char === "n" || char === "r"));
  }
  return true;
}

/** Whether this is the "value" of JSON such as `{"name":"password","value":"x"}`. */
function isValueOfSecret(text: string, { name, start, quoted }: Identifier): boolean {
  if (name !== "value" || !quoted || !isQuote(text.charAt(start - 1))) return false;
  const comma = backOverSpace(text, backOver(text, start - 1, isBackslash)) - 1;
  if (text.charAt(comma) !== ",") return false;
  const before = identifierBefore(text, backOverSpace(text, comma));
  return before.quoted && before.name !== "" && isSecretIdentifier(text, before);
}

function isAssignment(text: string, separator: number): boolean {
  const identifier = identifierBefore(text, backOver(text, separator, isBlank));
  const { name, start, quoted } = identifier;
  const equals = text.charAt(separator) === "=";
  if (name === "") return false;
  if (!equals && isValueOfSecret(text, identifier)) return true;
  if (!isSecretIdentifier(text, identifier)) return false;
  if (quoted || equals || name.includes("-") || /authorization$/i.test(name)) return true;
  return isAtLineStart(text, start + escapeIn(text, identifier));
}

/**
 * Start and end of each part of a text that is hidden, in ascending order: user info of URLs, and what is assigned
 * to a secret key, up to the end of the text. The text is a variable, or a JSON string as it is written, without
 * its quotes. Steps back from a separator end at the one before it.
 */
export function secretParts(text: string): number[] {
  const parts: number[] = [];
  for (let at = nextSeparator(text, 0); at >= 0; ) {
    let next = at + 1;
    if (text.charAt(at) === ":" && matchAt(SLASHES, text, at + 1)) {
      const info = matchAt(USER_INFO, text, at + 1);
      if (info?.[1]) {
        next = at + info[0].length;
        parts.push(next - info[1].length, next);
      }
    } else if (isAssignment(text, at)) {
      const value = valueAfter(text, at);
      if (value !== null) return [...parts, value, text.length];
    }
    at = nextSeparator(text, next);
  }
  return parts;
}

function nextSeparator(text: string, from: number): number {
  SEPARATOR.lastIndex = from;
  return SEPARATOR.exec(text)?.index ?? -1;
}

/** Start and end of each secret in a variable; null if there is none. */
export function secretsIn(text: string): readonly number[] | null {
  if (holdsSecretShape(text)) return [0, text.length];
  const parts = secretParts(text);
  return parts.length > 0 ? parts : null;
}

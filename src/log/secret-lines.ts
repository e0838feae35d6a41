import { asByteString, type ByteString } from "./byte-string.ts";
import { hidden } from "./redact.ts";
import { isSecretKey, KEY_LETTERS_MOST } from "./secret-keys.ts";
import { secretsIn } from "./secret-texts.ts";

/* native/wrap/quote.c does the same as this file: the text of a plugin as the content of a JSON string. */

/** What there is of a text. */
export interface TextPart {
  readonly text: ByteString;
  /** It begins within a line, or within a PEM block. */
  readonly cut: boolean;
  /** What of it is wanted; lines are judged whole. */
  readonly shownFrom: number;
  readonly shownTo: number;
}

/** One line, or the lines of a PEM block. */
interface Block {
  readonly start: number;
  /** Before the line feed, if there is one. */
  readonly end: number;
  readonly secret: boolean;
}

const BEGIN = "-----BEGIN ";
const END = "-----END ";

/** A secret key, in quotes or not, before a separator. */
function assignsSecret(line: string): boolean {
  for (const { index } of line.matchAll(/[:=]/g)) {
    const before = line.slice(0, index).replace(/[ \t]+$/, "");
    const name = before.replace(/["']$/, "").replace(/\\+$/, "");
    const key = /[\w.-]*$/.exec(name.slice(-KEY_LETTERS_MOST))?.[0] ?? "";
    if (key !== "" && isSecretKey(key)) return true;
  }
  return false;
}

/** Whether a PEM block is open after a line. */
function isOpenAfter(line: string, before: boolean): boolean {
  const begin = line.lastIndexOf(BEGIN);
  const end = line.lastIndexOf(END);
  return begin === end ? before : begin > end;
}

function blocksOf(text: string, cut: boolean): Block[] {
  const firstEnd = text.indexOf(END);
  const inPem = cut && firstEnd >= 0 && !text.slice(0, firstEnd).includes(BEGIN);
  const blocks: Block[] = [];
  let pem: number | null = inPem ? 0 : null;
  for (let start = 0, next: number; start < text.length; start = next) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    next = newline < 0 ? text.length : newline + 1;
    const line = text.slice(start, end);
    if (line.includes(BEGIN)) pem ??= start;
    if (pem !== null && next < text.length && isOpenAfter(line, true)) continue;
    const secret = pem !== null || (cut && start === 0) || secretsIn(line) !== null || assignsSecret(line);
    blocks.push({ start: pem ?? start, end, secret });
    pem = null;
  }
  return blocks;
}

const LETTERS: Readonly<Record<string, string>> = {
  ...{ "\b": "b", "\t": "t", "\n": "n", "\f": "f", "\r": "r", '"': '"', "\\": "\\" },
};

function escapeChar(char: string): string {
  const letter = LETTERS[char];
  if (letter !== undefined) return `\\${letter}`;
  return `\\u00${char
    .charCodeAt(char.length - 1)
    .toString(16)
    .padStart(2, "0")}`;
}

function escapeText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
  return text.replace(/\xc2[\x80-\x9f]|[\0-\x1f"\\\x7f]/g, escapeChar);
}

/**
 * The content of a JSON string for a part of a text. Lines that hold a secret are hidden, a PEM block as one; so is a line
 * that is cut, because nobody knows what it began with.
 */
export function quoteLines({ text, cut, shownFrom, shownTo }: TextPart, redact: boolean): ByteString {
  let quoted = "";
  for (const { start, end, secret } of blocksOf(text, cut)) {
    const next = Math.min(end + 1, text.length);
    if (next <= shownFrom || start >= shownTo) continue;
    if (redact && secret) quoted += start < end ? hidden(end - start) : "";
    else quoted += escapeText(text.slice(Math.max(start, shownFrom), Math.min(end, shownTo)));
    if (end < text.length && end >= shownFrom && end < shownTo) quoted += "\\n";
  }
  return asByteString(quoted);
}

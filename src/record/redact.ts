import { decodeJsonString } from "./binary.ts";
import type { Pieces, Secret } from "./pieces.ts";

/** A key that holds one of these has its value hidden; case, `_`, `-`, `.` and JSON escapes do not count. */
export const SECRET_WORDS: readonly string[] = [
  "password",
  "passwd",
  "passphrase",
  "secret",
  "token",
  "credential",
  "authorization",
  "apikey",
  "accesskey",
  "privatekey",
  "clientkey",
  "etcdkey",
  "keydata",
];

/** ... unless it ends in one of these: it tells where a secret is, not what it is. */
const HARMLESS_ENDINGS: readonly string[] = ["file", "path", "dir", "name"];

const ENDING_LETTERS = 4;

/** As much of a key's end as decides about its ending; in a longer one with escapes there the value is hidden. */
const KEY_END_BYTES = 64;

function without(separator: string, text: string): string {
  return text.includes(separator) ? text.split(separator).join("") : text;
}

function normalizeKey(key: string): string {
  return without("_", without("-", without(".", key.toLowerCase())));
}

/** Only the last letters are looked at, however long the key is: the taps' machine gives no memory back. */
function endsHarmlessly(key: string): boolean {
  let end = "";
  for (let at = key.length - 1; at >= 0 && end.length < ENDING_LETTERS; at--) {
    const code = key.charCodeAt(at);
    if (code !== 0x5f && code !== 0x2d && code !== 0x2e) end = key.charAt(at) + end;
  }
  const normal = end.toLowerCase();
  return HARMLESS_ENDINGS.some((ending) => normal.endsWith(ending));
}

/** Whether the value of this key is hidden. */
export function isSecretKey(key: string): boolean {
  const normal = normalizeKey(key);
  return SECRET_WORDS.some((word) => normal.includes(word)) && !endsHarmlessly(key);
}

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

/**
 * Whether a text holds a JWT (`/eyJ[\w-]*\.[\w-]*\.[\w-]/`: the middle of an encrypted one may be empty) or the begin
 * of a PEM block. Time is proportional to the length: a part is looked at twice at most.
 */
export function holdsSecretShape(text: string): boolean {
  if (text.includes("-----BEGIN ")) return true;
  let at = text.indexOf("eyJ");
  while (at >= 0) {
    const first = endOfBase64Url(text, at + 3);
    if (text.charAt(first) === ".") {
      const second = endOfBase64Url(text, first + 1);
      if (text.charAt(second) === "." && isBase64Url(text.charCodeAt(second + 1))) return true;
    }
    at = text.indexOf("eyJ", first);
  }
  return false;
}

/** What stands in place of a hidden value. */
export function hidden(bytes: number): string {
  return `[redacted ${bytes} bytes]`;
}

/** A variable's text, hidden where it holds a secret's shape. */
export function redactText(text: string): string {
  return holdsSecretShape(text) ? hidden(text.length) : text;
}

/** The pairs of CNI_ARGS, hidden where they must be. */
export function redactPairs(pairs: readonly (readonly [string, string])[]): [string, string][] {
  return pairs.map(([key, value]) => {
    const hides = isSecretKey(key) || holdsSecretShape(key) || holdsSecretShape(value);
    return [redactText(key), hides ? hidden(value.length) : value];
  });
}

/** Standard input as redaction sees it. */
export interface Source {
  /** In the order of their start; a secret within another one comes after it. */
  readonly secrets: readonly Secret[];
  /** There are more secrets than were noted: nothing can be shown. */
  readonly overflow: boolean;
  /** A slice as a binary string. */
  text(start: number, end: number): string;
}

function isHidden(source: Source, secret: Secret): boolean {
  if (secret.shape) return true;
  const from = Math.max(secret.keyStart + 1, secret.keyEnd - KEY_END_BYTES);
  const end = source.text(from, secret.keyEnd - 1);
  if (!end.includes("\\")) return !endsHarmlessly(end);
  // A cut could fall within an escape and make another one of it.
  return from > secret.keyStart + 1 || !endsHarmlessly(decodeJsonString(`"${end}"`));
}

/** Adds the slice from start to end, its secrets hidden, so that JSON stays JSON. */
export function pushRedacted(pieces: Pieces, source: Source, start: number, end: number): void {
  if (source.overflow) {
    pieces.push(`"${hidden(end - start)}"`);
    return;
  }
  let from = start;
  for (const secret of source.secrets) {
    if (secret.start < from || secret.end > end || !isHidden(source, secret)) continue;
    if (secret.start > from) pieces.push(from, secret.start);
    pieces.push(`"${hidden(secret.end - secret.start)}"`);
    from = secret.end;
  }
  if (from < end) pieces.push(from, end);
}

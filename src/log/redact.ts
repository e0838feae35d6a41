import type { Pieces } from "./pieces.ts";

/** The value of a key that contains one of these is hidden. Ignores case, `_`, `-`, `.` and JSON escapes. */
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

/** ... unless the key ends in one of these: its value is then the location of a secret. */
export const HARMLESS_ENDINGS: readonly string[] = ["file", "path", "dir", "name"];

/** Whether the value of this key is hidden. secret.c does the same for keys in JSON. */
export function isSecretKey(key: string): boolean {
  let normal = key.toLowerCase();
  if (normal.includes("_")) normal = normal.split("_").join("");
  if (normal.includes("-")) normal = normal.split("-").join("");
  if (normal.includes(".")) normal = normal.split(".").join("");
  for (const word of SECRET_WORDS) {
    if (normal.includes(word)) return !HARMLESS_ENDINGS.some((ending) => normal.endsWith(ending));
  }
  return false;
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
 * Whether a text contains a JWT (`/eyJ[\w-]*\.[\w-]*\.[\w-]/`: the middle of an encrypted one may be empty)
 * or the start of a PEM block. Linear time: each part is scanned at most twice.
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

/** The replacement for a hidden value. */
export function hidden(bytes: number): string {
  return `[redacted ${bytes} bytes]`;
}

/** Hides a text that contains a JWT or PEM block. The replacement is ASCII, so valid as any type of text. */
export function redactText<Text extends string>(text: Text): Text {
  return holdsSecretShape(text) ? (hidden(text.length) as Text) : text;
}

/** The pairs of CNI_ARGS with their secrets hidden. */
export function redactArgs(args: Readonly<Record<string, string>>): Record<string, string> {
  const shown: Record<string, string> = Object.create(null);
  for (const key in args) {
    const value = args[key] ?? "";
    const hides = isSecretKey(key) || holdsSecretShape(key) || holdsSecretShape(value);
    shown[redactText(key)] = hides ? hidden(value.length) : value;
  }
  return shown;
}

/** The secrets of standard input, as the scan found them. */
export interface Secrets {
  /** Start and end of each, in ascending order, not nested. */
  readonly secrets: readonly number[];
  /** There are more secrets than the scan records, so everything must be hidden. */
  readonly overflow: boolean;
}

/** Adds the slice from start to end with its secrets hidden. The result is still valid JSON. */
export function pushRedacted(
  pieces: Pieces,
  { secrets, overflow }: Secrets,
  start: number,
  end: number,
): void {
  if (overflow) {
    pieces.push(`"${hidden(end - start)}"`);
    return;
  }
  let from = start;
  for (let index = 0; index < secrets.length; index += 2) {
    const secretStart = secrets[index] ?? 0;
    const secretEnd = secrets[index + 1] ?? 0;
    if (secretStart < from || secretEnd > end) continue;
    if (secretStart > from) pieces.push(from, secretStart);
    pieces.push(`"${hidden(secretEnd - secretStart)}"`);
    from = secretEnd;
  }
  if (from < end) pieces.push(from, end);
}

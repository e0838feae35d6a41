/** A key that contains one of these is secret. Ignores case, `_`, `-`, `.` and JSON escapes. */
export const SECRET_WORDS: readonly string[] = [
  "password",
  "passwd",
  "passphrase",
  "secret",
  "token",
  "credential",
  "authorization",
  "cookie",
  "bearer",
  "apikey",
  "accesskey",
  "privatekey",
  "clientkey",
  "etcdkey",
  "keydata",
];

/** The same, but only as words of their own, at the end of a key: `wireguardPsk` and `db_pass`, not `compass`. */
export const OWN_WORDS: readonly string[] = [
  "presharedkey",
  "psk",
  "authkey",
  "pwd",
  "signingkey",
  "encryptionkey",
  "basicauth",
  "pass",
  "auth",
  "session",
];

/** One of these may follow: `authHeader`. */
export const OWN_FOLLOWERS: readonly string[] = ["id", "header", "data", "value", "string", "hash"];

/** A secret key that ends in one of these has the location of a secret, if its value is a string. */
export const HARMLESS_ENDINGS: readonly string[] = ["file", "path", "dir", "name"];

/** A longer key is secret. Of longer names in a text, the end counts. */
export const KEY_LETTERS_MOST = 512;

/** The values that a key hides: strings, objects and arrays, others (numbers, true, false, null). A set of bits. */
export const HIDES = { strings: 1, containers: 2, others: 4 } as const;
const ALL = HIDES.strings | HIDES.containers | HIDES.others;

type Kind = "lower" | "upper" | "separator" | "other";

function kindOf(code: number): Kind {
  if (code >= 0x61 && code <= 0x7a) return "lower";
  if (code >= 0x41 && code <= 0x5a) return "upper";
  return code === 0x5f || code === 0x2d || code === 0x2e ? "separator" : "other";
}

/** A key in lower case without separators. What is no letter is a space. */
interface Key {
  readonly text: string;
  /** Offsets at which a word starts, in camelCase, snake_case and so on. */
  readonly starts: ReadonlySet<number>;
}

function readKey(name: string): Key {
  const starts = new Set<number>();
  let text = "";
  let before: Kind = "separator";
  for (let at = 0; at < name.length && text.length <= KEY_LETTERS_MOST; at++) {
    const kind = kindOf(name.charCodeAt(at));
    if (kind === "lower" && before === "upper") starts.add(text.length - 1); // the last capital of a run: APIKey
    if (kind === "lower" && (before === "separator" || before === "other")) starts.add(text.length);
    if (kind === "upper" && before !== "upper") starts.add(text.length);
    if (kind === "other") text += " ";
    else if (kind !== "separator") text += name.charAt(at).toLowerCase();
    before = kind;
  }
  return { text, starts };
}

/** Whether the ending is a word of its own, or right after a secret word. */
function isHarmless({ text, starts }: Key): boolean {
  return HARMLESS_ENDINGS.some((ending) => {
    if (!text.endsWith(ending)) return false;
    const from = text.length - ending.length;
    return starts.has(from) || SECRET_WORDS.some((word) => text.slice(0, from).endsWith(word));
  });
}

function endsInOwnWord(key: Key, to: number): boolean {
  const text = key.text.slice(0, to).trimEnd();
  return OWN_WORDS.some((word) => text.endsWith(word) && key.starts.has(text.length - word.length));
}

function hasOwnWord(key: Key): boolean {
  if (endsInOwnWord(key, key.text.length)) return true;
  const text = key.text.trimEnd();
  return OWN_FOLLOWERS.some((word) => {
    const from = text.length - word.length;
    return text.endsWith(word) && key.starts.has(from) && endsInOwnWord(key, from);
  });
}

/** Which values a key hides, HIDES. secret-key.c does the same for keys in JSON. */
export function hidesOf(name: string): number {
  const key = readKey(name);
  if (key.text.length > KEY_LETTERS_MOST) return ALL;
  if (SECRET_WORDS.some((word) => key.text.includes(word)))
    return isHarmless(key) ? ALL - HIDES.strings : ALL;
  return hasOwnWord(key) ? HIDES.strings | HIDES.containers : 0;
}

/** Whether a key hides a value that is a string. */
export function isSecretKey(name: string): boolean {
  return (hidesOf(name) & HIDES.strings) !== 0;
}

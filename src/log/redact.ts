import { visitArgs } from "../cni/args.ts";
import type { Pieces } from "./pieces.ts";

/** What counts as a secret in a text. */
export interface SecretRules {
  /** Whether a key hides its value, a string. */
  isSecretKey(key: string): boolean;
  /** Start and end of each secret in a text; null if there is none. */
  secretsIn(text: string): readonly number[] | null;
}

/** The replacement for a hidden value. */
export function hidden(bytes: number): string {
  return `[redacted ${bytes} bytes]`;
}

/** Hides the secrets of a text. The replacement is ASCII, so valid as any type of text. */
export function redactText<Text extends string>(text: Text, rules: SecretRules): Text {
  return withoutSecrets(text, rules.secretsIn(text)) as Text;
}

function withoutSecrets(text: string, secrets: readonly number[] | null): string {
  if (secrets === null) return text;
  const parts: string[] = [];
  let from = 0;
  for (let index = 0; index < secrets.length; index += 2) {
    const start = secrets[index] ?? 0;
    const end = secrets[index + 1] ?? 0;
    parts.push(text.slice(from, start), hidden(end - start));
    from = end;
  }
  parts.push(text.slice(from));
  return parts.join("");
}

/** Pairs with their secrets hidden. */
export function redactPairs(
  pairs: Readonly<Record<string, string>>,
  rules: SecretRules,
): Record<string, string> {
  const shown: Record<string, string> = Object.create(null);
  for (const key in pairs) {
    const value = pairs[key] ?? "";
    shown[redactText(key, rules)] = rules.isSecretKey(key) ? hidden(value.length) : redactText(value, rules);
  }
  return shown;
}

/**
 * The pairs of CNI_ARGS with their secrets hidden. A part without `=` after a secret is hidden, too: it may be the
 * rest of the secret, if that contains a `;`.
 */
export function redactArgs(args: string, rules: SecretRules): Record<string, string> {
  const shown: Record<string, string> = Object.create(null);
  let isRest = false;
  visitArgs(args, (key, value) => {
    if (value === null) {
      shown[isRest ? hidden(key.length) : redactText(key, rules)] = "";
      return;
    }
    const secrets = rules.isSecretKey(key) ? [0, value.length] : rules.secretsIn(value);
    isRest = secrets !== null && secrets[secrets.length - 1] === value.length;
    shown[redactText(key, rules)] = withoutSecrets(value, secrets);
  });
  return shown;
}

/** The secrets of standard input, as the scan found them. */
export interface Secrets {
  /**
   * Three numbers for each, in ascending order, not nested: start, end, and 1 for a part of a string, 0 for a whole
   * value or key.
   */
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
  for (let index = 0; index < secrets.length; index += 3) {
    const secretStart = secrets[index] ?? 0;
    const secretEnd = secrets[index + 1] ?? 0;
    if (secretStart < from || secretEnd > end) continue;
    if (secretStart > from) pieces.push(from, secretStart);
    const shown = hidden(secretEnd - secretStart);
    pieces.push(secrets[index + 2] === 1 ? shown : `"${shown}"`);
    from = secretEnd;
  }
  if (from < end) pieces.push(from, end);
}

import fc from "fast-check";

/*
 * V8 13.6, which Node 24 has, takes an escaped name for one with a backslash that it has read before at the same place of a
 * similar object: after `{"\\":1}`, JSON.parse reads `{"\n":1}` as `{"\\":1}` (nodejs/node#63785). A property that compares
 * with JSON.parse would fail now and then, so the names here have no backslash. Values have.
 */

/** A name without a backslash. */
export const plainName = (name: string): string => name.replaceAll("\\", "/");

/** As `fc.jsonValue`. */
export function jsonValue(constraints: fc.JsonSharedConstraints = {}): fc.Arbitrary<unknown> {
  return fc.jsonValue(constraints).map(withPlainNames);
}

/** As `fc.json`. */
export function json(constraints: fc.JsonSharedConstraints = {}): fc.Arbitrary<string> {
  return jsonValue(constraints).map((value) => JSON.stringify(value));
}

function withPlainNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withPlainNames);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [plainName(name), withPlainNames(one)]),
  );
}

/** Whether a name, given as JSON text, has no backslash. */
export function isPlainName(text: string): boolean {
  return /^"(?:[^\\"]|\\[^\\u]|\\u(?!005[cC]))*"$/.test(text);
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  HARMLESS_ENDINGS,
  HIDES,
  hidesOf,
  isSecretKey,
  OWN_FOLLOWERS,
  OWN_WORDS,
  SECRET_WORDS,
} from "../../src/log/secret-keys.ts";

const ALL = HIDES.strings | HIDES.containers | HIDES.others;
const OWN = HIDES.strings | HIDES.containers;
const LOCATION = HIDES.containers | HIDES.others;

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

describe("a secret word", () => {
  test.each(SECRET_WORDS)("%s makes a key secret, in any case and with separators", (word) => {
    const half = word.length >> 1;
    const [head, tail] = [word.slice(0, half), word.slice(half)];
    for (const key of [
      word,
      word.toUpperCase(),
      `${head}_${tail}`,
      `my.${head}-${tail}2`,
      `x${head}.${tail.toUpperCase()}`,
    ]) {
      expect(hidesOf(key), key).toBe(ALL);
    }
    expect(hidesOf(word.slice(1)) & HIDES.others, word.slice(1)).toBe(0);
  });

  test.each(HARMLESS_ENDINGS)("before %s hides all but strings", (ending) => {
    for (const word of SECRET_WORDS) {
      for (const key of [
        word + ending,
        word + capitalized(ending),
        `${word}_${ending}`,
        `${word}.x-${ending}`,
        `${word}${ending}_`,
        `x${capitalized(word)}OfThe${capitalized(ending)}`,
        `${word}_${ending}`.toUpperCase(),
      ]) {
        expect(hidesOf(key), key).toBe(LOCATION);
      }
      expect(hidesOf(`${word}pro${ending}`), word).toBe(ALL);
      expect(hidesOf(`${word}s${ending}`), word).toBe(ALL);
      expect(hidesOf(`${word}${capitalized(ending)}s`), word).toBe(ALL);
      expect(hidesOf(`${word}${capitalized(ending)}1`), word).toBe(ALL);
    }
  });
});

describe("a word of its own", () => {
  test.each(OWN_WORDS)("%s makes a key secret where it is the last word", (word) => {
    for (const key of [
      word,
      word.toUpperCase(),
      `db_${word}`,
      `DB_${word.toUpperCase()}`,
      `example.com/${word}`,
      `a-${word}`,
      `db${capitalized(word)}`,
      `DB${capitalized(word)}`,
      `${word}2`,
    ]) {
      expect(hidesOf(key), key).toBe(OWN);
    }
    for (const key of [`x${word}`, `${word}x`, `${word}Type`, `${word}_file`, `X${word.toUpperCase()}`])
      expect(hidesOf(key), key).toBe(0);
  });

  test.each(OWN_FOLLOWERS)("may be followed by %s", (follower) => {
    for (const word of OWN_WORDS) {
      if (`${word}${follower}`.includes("keydata")) continue; // a secret word
      expect(hidesOf(`my${capitalized(word)}${capitalized(follower)}`), word).toBe(OWN);
      expect(hidesOf(`${word}-${follower}`), word).toBe(OWN);
      expect(hidesOf(`${word}${follower}`), word).toBe(0);
      expect(hidesOf(`${word}_${follower}_x`), word).toBe(0);
      expect(hidesOf(`com${word}_${follower}`), word).toBe(0);
    }
  });

  test.each([
    "presharedKey",
    "PreSharedKey",
    "preshared_key",
    "PRE-SHARED-KEY",
    "p.s.k",
    "basicAuth",
    "AuthKEY",
  ])("may be several: %s", (key) => {
    expect(hidesOf(key)).toBe(OWN);
  });
});

test.each([
  ...["passthrough", "compass", "author", "authority", "authType", "sessionAffinity", "passport", "bypass"],
  ...[
    "keyboard",
    "monkeys",
    "tok_e",
    "tok en",
    "key",
    "public_key",
    "authFile",
    "k\u212aey",
    "tok\u0117n",
    "",
  ],
])("the key %j is not secret", (key) => {
  expect(hidesOf(key)).toBe(0);
});

test("a key with more letters than can be searched is secret", () => {
  expect(hidesOf("x".repeat(512))).toBe(0);
  expect(hidesOf("x_".repeat(512))).toBe(0);
  expect(hidesOf("x".repeat(513))).toBe(ALL);
});

test("any number of separators changes nothing about secret words", () => {
  const letters = fc.constantFrom("password", "token", "apikey", "keyboard", "secretname", "tokenfile");
  const separator = fc.constantFrom("", "", "_", "-", ".", "_-.");
  const separators = fc.array(separator, { minLength: 11, maxLength: 11 });
  fc.assert(
    fc.property(letters, separators, (word, between) => {
      const key = [...word].map((letter, index) => letter + between[index]).join("");
      expect(isSecretKey(key), key).toBe(isSecretKey(word));
    }),
  );
});

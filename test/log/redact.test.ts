import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { holdsSecretShape, isSecretKey, redactArgs, SECRET_WORDS } from "../../src/log/redact.ts";

describe("isSecretKey", () => {
  test.each(SECRET_WORDS.map((word) => [word]))(
    "finds %s in a key, in any case and with separators",
    (word) => {
      const half = word.length >> 1;
      const [head, tail] = [word.slice(0, half), word.slice(half)];
      for (const key of [
        word,
        word.toUpperCase(),
        `${head}_${tail}`,
        `my.${head}-${tail}2`,
        `x${head}.${tail.toUpperCase()}`,
      ]) {
        expect(isSecretKey(key), key).toBe(true);
      }
    },
  );

  test.each([
    "tokenFile",
    "TOKEN_PATH",
    "secretName",
    "password-file",
    "secret.dir",
    "pass",
    "key",
    "tok_e",
    "author",
    "",
  ])("does not take %j for a secret", (key) => {
    expect(isSecretKey(key)).toBe(false);
  });
});

test("isSecretKey ignores any number of separators", () => {
  const letters = fc.constantFrom("password", "token", "apiKey", "keyboard", "secretName", "tokenFile");
  const separators = fc.array(fc.constantFrom("", "", "_", "-", ".", "_-."), {
    minLength: 11,
    maxLength: 11,
  });
  fc.assert(
    fc.property(letters, separators, (word, between) => {
      const key = [...word].map((letter, index) => letter + between[index]).join("");
      expect(isSecretKey(key), key).toBe(isSecretKey(word));
    }),
  );
  expect(["t_o_k_e_n", "t-o-k-e-n", "t.o.k.e.n", "__token__"].map(isSecretKey)).toEqual(Array(4).fill(true));
});

describe("a JWT or a PEM block", () => {
  test.each([
    "eyJa.b.c",
    "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln,",
    "x_eyJh..iv.ct.tag",
    "eyJa.eyJb..c",
    "-----BEGIN X",
    "\n------BEGIN RSA PRIVATE KEY-----",
  ])("is found in %j", (text) => {
    expect(holdsSecretShape(text)).toBe(true);
  });

  test.each([
    "",
    "eyJ",
    "eyJa.b",
    "eyJa.b.",
    "eyJa.b .c",
    "eyja.b.c",
    "ey.J.a.b",
    "-----END X-----",
    "-----BEGIN",
    "--- BEGIN x",
    "1.2.3",
  ])("is not found in %j", (text) => {
    expect(holdsSecretShape(text)).toBe(false);
  });

  test("is found in any text where the regular expression matches, and nowhere else", () => {
    const part = fc.constantFrom(
      "eyJ",
      "e",
      "y",
      "J",
      ".",
      "..",
      "-----",
      "BEGIN ",
      "-",
      "a",
      "_",
      " ",
      "é",
      "\n",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const text = parts.join("");
        expect(holdsSecretShape(text)).toBe(/eyJ[\w-]*\.[\w-]*\.[\w-]|-----BEGIN /.test(text));
      }),
      { numRuns: 5000 },
    );
  });

  test("is searched for in linear time: a quadratic search would not end", () => {
    for (const text of ["eyJ".repeat(1_000_000), "eyJ.a ".repeat(1_000_000), "eyJa.b. ".repeat(500_000)]) {
      expect(holdsSecretShape(text)).toBe(false);
    }
  });
});

test("redactArgs hides secret values, and keys that are secrets themselves", () => {
  const args = { K8S_POD_NAME: "web", API_KEY: "abc", x: "eyJa.b.c", "eyJa.b.c": "y" };
  expect({ ...redactArgs(args) }).toEqual({
    K8S_POD_NAME: "web",
    API_KEY: "[redacted 3 bytes]",
    x: "[redacted 8 bytes]",
    "[redacted 8 bytes]": "[redacted 1 bytes]",
  });
});

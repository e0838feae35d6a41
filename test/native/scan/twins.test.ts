import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../../scripts/cache-dir.ts";
import { OWN_WORDS, SECRET_WORDS } from "../../../src/log/secret-keys.ts";
import { SECRET_SHAPES } from "../../../src/log/secret-texts.ts";
import { json } from "../../support/json-names.ts";
import { howOften } from "../../support/soak.ts";
import { LIMITS, padded, useScanners } from "../scanners.ts";

const { agree } = useScanners();

/** Fragments of JSON, valid and broken, that make structure likely. */
const fragment = fc.oneof(
  fc.constantFrom("{", "}", "[", "]", ",", ":", '"', "\\", "\n", "\r", " ", "\t", "true", "false", "null"),
  fc.constantFrom(
    '"prevResult":',
    '"name":',
    '"cniVersion":"1.0.0"',
    '"a":',
    '"pass\\u0077ord":',
    '"To_k-e.N":',
  ),
  fc.constantFrom(
    '"my-secret":{',
    '"name":"token","value":',
    '{"value":"x",',
    "password=",
    "https://a:b@c",
    '"apiKey":[',
    "eyJ",
    "eyJhbGciOi.eyJzdWIi.c2ln",
    '"-----BEGIN X',
    "\\u0065yJ",
    "--",
  ),
  fc.constantFrom(
    "0",
    "-",
    "1",
    "01",
    "1.5",
    ".",
    "1e",
    "1e+5",
    "E-",
    "\\ud800",
    "\\u12",
    "\\x",
    "é",
    "\u0000",
    "{}",
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
);

const anyJson = json({ maxDepth: 5 });

describe("the scanner in C and its twin in TypeScript agree", () => {
  test("on fragments of JSON in any order", async () => {
    const texts = fc.array(fragment, { maxLength: 25 }).map((parts) => Buffer.from(`{${parts.join("")}`));
    await fc.assert(
      fc.asyncProperty(texts, async (text) => void (await agree(text))),
      { numRuns: howOften(5000, 250_000) },
    );
  });

  test("on what to cut out of an object, which is then the object without it", async () => {
    const space = fc.constantFrom("", "", " ", "\n\t");
    const key = fc.constantFrom('"name"', '"name"', '"n\\u0061me"', '"a"', '"label"', '"Name"', '"name "');
    const member = fc.tuple(space, key, space, space, json({ maxDepth: 2 }), space);
    const texts = fc.tuple(fc.array(member, { maxLength: 8 }), fc.nat(2)).map(([members, more]) => {
      const all = members.map(([a, name, b, c, value, d]) => `${a}${name}${b}:${c}${value}${d}`);
      const many = more === 0 ? Array.from({ length: 60 }, () => '"x":0, "name":[1]') : [];
      return ` {${[...all, ...many].join(",")}} `;
    });
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const { cuts = [] } = await agree(Buffer.from(text), { ...LIMITS, cut: 1 });
        let rest = "";
        let from = 0;
        const bytes = Buffer.from(text).toString("latin1");
        for (let index = 0; index < cuts.length; index += 2) {
          rest += bytes.slice(from, cuts[index]);
          from = cuts[index + 1] ?? 0;
        }
        rest += bytes.slice(from);
        const parsed: Record<string, unknown> = JSON.parse(bytes);
        const left: Record<string, unknown> = JSON.parse(rest);
        if (cuts.length < 128) expect(left).not.toHaveProperty("name");
        expect({ ...left, name: 0 }).toEqual({ ...parsed, name: 0 });
        if (!("name" in parsed)) expect(cuts).toEqual([]);
      }),
      { numRuns: howOften(1_500, 100_000) },
    );
  });

  test("on any JSON value, cut or changed at any byte", async () => {
    const limits = { ...LIMITS, anyValue: true };
    await fc.assert(
      fc.asyncProperty(json({ maxDepth: 3 }), fc.nat(), fc.nat(255), async (json, place, byte) => {
        const text = Buffer.from(` ${json}\n`);
        expect((await agree(text, limits)).error).toBe(0);
        const at = place % text.length;
        await agree(text.subarray(0, at), limits);
        text[at] = byte;
        await agree(text, limits);
      }),
      { numRuns: howOften(1_500, 100_000) },
    );
  });

  test("on any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => void (await agree(bytes))),
      { numRuns: howOften(1000, 50_000) },
    );
  });

  test("on any valid object, and on it cut or changed at any byte", async () => {
    const cases = fc.tuple(anyJson, fc.nat(), fc.nat(255), fc.constantFrom("", " ", "\r\n"));
    await fc.assert(
      fc.asyncProperty(cases, async ([json, place, byte, space]) => {
        const whole = Buffer.from(
          `${space}{"prevResult"${space}:${json}${space},"token":${json},"name":"x"}${space}`,
        );
        expect((await agree(whole)).error).toBe(0);
        const at = place % whole.length;
        await agree(whole.subarray(0, at));
        const changed = Buffer.from(whole);
        changed[at] = byte;
        await agree(changed);
      }),
      { numRuns: howOften(1500, 75_000) },
    );
  });

  test("on nested objects and arrays with secrets anywhere in them", async () => {
    const keys = ["a", "name", "key", "value", "token", "pass_word", "auth", "tokenFile"];
    const shapes = ["eyJa.b.c", "x-----BEGIN ", "token=x", "http://a@b"];
    const key = fc.constantFrom(...keys, ...keys, ...shapes);
    const leaf = fc.constantFrom(
      1,
      -0.5,
      true,
      false,
      null,
      "",
      "x",
      "PASSWORD",
      "db-pass",
      "secretName",
      ...shapes,
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        leaf,
        fc.array(tie("value"), { maxLength: 4 }),
        fc.array(fc.tuple(key, tie("value")), { maxLength: 6 }).map((pairs) => Object.fromEntries(pairs)),
      ),
    }));
    const limits = { ...LIMITS, secretLimit: 100 };
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 6 }), async (list) => {
        expect((await agree(Buffer.from(JSON.stringify({ list })), limits)).error).toBe(0);
      }),
      { numRuns: howOften(2000, 100_000) },
    );
  });

  test("on strings made of parts of a JWT and a PEM block, some with escapes", async () => {
    const bits = [
      "eyJ",
      "e",
      "y",
      "J",
      ".",
      "..",
      "-----",
      "BEGIN ",
      "BEG",
      "IN ",
      "-",
      "a",
      "_",
      " ",
      "é",
      "\n",
    ];
    const escaped = (text: string) =>
      text.replace(/./gs, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
    const bit = fc.tuple(fc.constantFrom(...bits), fc.nat(9)).map(([text, dice]) => {
      const plain = JSON.stringify(text).slice(1, -1);
      return dice === 0 ? escaped(text) : plain;
    });
    await fc.assert(
      fc.asyncProperty(fc.array(bit, { maxLength: 20 }), async (parts) => {
        const text = parts.join("");
        expect((await agree(padded(`{"label":"${text}","${text}":0}`))).error).toBe(0);
      }),
      { numRuns: howOften(4_000, 500_000) },
    );
  });

  test.each([
    ["a JWT", ["eyJ", "ey", "J", ".", "a"], 7],
    ["a PEM block", ["-----", "-", "\\u002d", "BEGIN ", "BEG", "x"], 5],
    ["a PEM block in base64", ["LS0t", "LS", "\\u004c", "1CRUd", "JTi", "S"], 6],
    ["an assignment", ["auth", "-", "=", ":", " ", "\\n", '\\"', "x"], 5],
    ["a URL", ["u", "://", ":", "/", "@", "\\/", " "], 5],
  ] as const)("on all short strings made of parts of %s", async (_, bits, most) => {
    const limits = { ...LIMITS, secretLimit: 4096 };
    let longest = [""];
    const texts: string[] = [];
    for (let length = 1; length <= most; length++) {
      longest = longest.flatMap((text) => bits.map((bit) => text + bit));
      texts.push(...longest);
    }
    for (let from = 0; from < texts.length; from += 2000) {
      const list = texts.slice(from, from + 2000).map((text) => `"${text}"`);
      expect((await agree(padded(`{"label":[${list.join(",")}]}`), limits)).error).toBe(0);
    }
  });

  test("on keys made of parts of words, separators and endings, some with escapes", async () => {
    const bits = [
      "pass",
      "word",
      "Secret",
      "to",
      "KEN",
      "api",
      "key",
      "file",
      "Name",
      "Auth",
      "psk",
      "session",
      "Header",
      "ID",
      "1",
      "_",
      "-",
      ".",
      "x",
      " ",
    ];
    const odd = ["\\u0066ile", "\\u005f", "\\u0054oken", "\\n", "\\t", "\\u0174", "é", "\\/"];
    const key = fc.array(fc.constantFrom(...bits, ...odd), { maxLength: 7 }).map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(key, async (name) => {
        const text = `{"${name}":0,"label":{"${name}":[]},"b":{"${name}":"x"},"name":{"name":"${name}","value":1}}`;
        expect((await agree(padded(text))).error).toBe(0);
      }),
      { numRuns: howOften(2_500, 250_000) },
    );
  });

  test("on strings made of parts of assignments and URLs, some with escapes", async () => {
    const bits = [
      ...["password", "token", "auth", "Authorization", "x-api-key", "db_pass", "tokenFile", "name", "value"],
      ...['\\"', "'", "\\\\", "\\n", "\\r", "\\t", "\\/", "\\u0061", "/", "//", "://", "@", "#", "?", ";"],
      ...[
        "=",
        ":",
        " ",
        "  ",
        "-",
        "--",
        ",",
        "{",
        "}",
        "x",
        "10.0.0.1",
        "é",
        "A".repeat(600),
        "_".repeat(30),
      ],
      ...['{\\"name\\":\\"', '\\",\\"value\\":\\"', "'name': '", "', 'value': '", "LS0tLS1CRUdJTi"],
    ];
    const text = fc.array(fc.constantFrom(...bits), { maxLength: 12 }).map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(text, async (inside) => {
        expect((await agree(padded(`{"a":"${inside}","${inside}":"x"}`))).error).toBe(0);
      }),
      { numRuns: howOften(5_000, 1_000_000) },
    );
  });

  test("on every secret word and shape, with and without separators in it, at each distance from a string's start", async () => {
    const limits = { ...LIMITS, secretLimit: 4096 };
    const between = ["", "_", "-", ".", "--", "_-."];
    const spell = (word: string) =>
      between.flatMap((separator) => [word, word.toUpperCase()].map((text) => [...text].join(separator)));
    const words = [...SECRET_WORDS, ...OWN_WORDS].flatMap(spell);
    const shapes = SECRET_SHAPES.map((shape) => `${shape}a.b.c`);
    for (let distance = 0; distance <= 40; distance++) {
      const before = `${"x".repeat(distance)}${distance > 0 ? " " : ""}`;
      const members = [
        ...words.flatMap((word) => [
          `"a":"${before}${word}=x"`,
          `"${before}${word}":1`,
          `"${before}${word}":"x"`,
        ]),
        ...words.map((word) => `"a":"${before}\\n${word}: x"`),
        ...shapes.map((shape) => `"a":"${before}${shape}"`),
      ];
      const { secrets } = await agree(padded(`{"label":{${members.join(",")}}}`), limits);
      // Numbers are hidden only by words that are secret anywhere in a key.
      const numbers = between.length * 2 * OWN_WORDS.length;
      expect(secrets).toHaveLength(3 * (members.length - numbers));
    }
  });

  test("on every captured call, and on it cut at many bytes", async () => {
    const directory = join(ROOT, "test/vectors/captures");
    for (const name of readdirSync(directory).filter((file) => file.endsWith(".json"))) {
      const capture: { stdin: string } = JSON.parse(readFileSync(join(directory, name), "utf8"));
      const whole = Buffer.from(capture.stdin);
      expect((await agree(whole)).error).toBe(0);
      const step = 5 / howOften(1, 5);
      for (let end = 0; end < Math.min(whole.length, 1500); end += step) await agree(whole.subarray(0, end));
    }
  });

  test("on strings of every length up to 40 with a special character in any place", async () => {
    for (const odd of ['\\"', "\\u0041", "\u001f", "J", "-", "eyJa.b.c", "é"]) {
      for (let length = 0; length <= 40; length++) {
        for (const place of [0, 1, length >> 1, length]) {
          const inside = `${"x".repeat(place)}${odd}${"x".repeat(length - Math.min(place, length))}`;
          await agree(Buffer.from(`{"label":"${inside}","${inside}":[1]}`));
        }
      }
    }
  });
});

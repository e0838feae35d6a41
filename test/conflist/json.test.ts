import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConflistError } from "../../src/conflist/conflist-error.ts";
import { isSameJson, type JsonValue, MAX_DEPTH, memberOf, parseJson } from "../../src/conflist/json.ts";
import { jsonValue } from "../support/json-names.ts";
import { howOften } from "../support/soak.ts";
import { jsonText } from "./support.ts";

function plain(node: JsonValue): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "array") return node.items.map(plain);
  return Object.fromEntries(node.members.map(({ name, value }) => [name, plain(value)]));
}

function parses(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

function failure(text: string): string {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof ConflistError && error.code === "broken") return error.message;
  }
  throw new Error("The text was parsed");
}

test("parseJson gives the same values as JSON.parse, and the place of each", () => {
  function check(text: string, node: JsonValue): void {
    expect(JSON.parse(text.slice(node.start, node.end))).toEqual(plain(node));
    if (node.kind === "array") for (const item of node.items) check(text, item);
    if (node.kind === "object") {
      for (const { key, name, value } of node.members) {
        expect(JSON.parse(text.slice(key.start, key.end))).toBe(name);
        check(text, value);
      }
    }
  }
  fc.assert(
    fc.property(jsonText, (text) => {
      const node = parseJson(text);
      expect(plain(node)).toEqual(JSON.parse(text));
      check(text, node);
    }),
    { numRuns: howOften(500, 25_000) },
  );
});

test("parseJson refuses exactly the texts that JSON.parse refuses", () => {
  const noise = fc.constantFrom(
    "",
    ",",
    "]",
    "}",
    '"',
    "\\",
    "0",
    "-",
    "e",
    "//",
    "\u00a0",
    "\ufeff",
    "\v",
    "'",
    "nul",
    "\u0001",
    "1",
  );
  const damaged = fc.tuple(jsonText, fc.nat(), fc.nat(3), noise).map(([text, at, cut, extra]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + extra + text.slice(place + cut);
  });
  fc.assert(
    fc.property(damaged, (text) => {
      expect(parses(parseJson, text)).toBe(parses(JSON.parse, text));
    }),
    { numRuns: howOften(3000, 150_000) },
  );
});

describe("parseJson reports broken JSON by line and column, without its text", () => {
  test.each([
    ["", "broken JSON at line 1, column 1"],
    ['{\n  "token": s3cr3t\n}', "broken JSON at line 2, column 12"],
    ['{"a": 1,}', "broken JSON at line 1, column 9"],
    ['{\r\n"a": 1\r\n"b": 2}', "broken JSON at line 3, column 1"],
    ["[1] x", "broken JSON at line 1, column 5"],
    ["\ufeff{}", "broken JSON at line 1, column 1"],
  ])("%j", (text, message) => {
    expect(failure(text)).toBe(message);
  });

  test(`more than ${MAX_DEPTH} levels`, () => {
    expect(failure("[".repeat(100_000))).toBe(
      `more than ${MAX_DEPTH} levels at line 1, column ${MAX_DEPTH + 2}`,
    );
  });
});

test("isSameJson agrees with Node's isDeepStrictEqual, whatever the order of members", () => {
  const value = fc.oneof(
    jsonValue({ maxDepth: 3 }),
    fc.constantFrom(null, {}, [], "", 0, { a: 1, b: [2] }, { b: [2], a: 1 }, { a: 1 }, [null], [{}]),
  );
  fc.assert(
    fc.property(value, value, (one, other) => {
      const plain = (json: unknown): unknown => JSON.parse(JSON.stringify(json));
      expect(isSameJson(plain(one), plain(other))).toBe(isDeepStrictEqual(plain(one), plain(other)));
      expect(isSameJson(plain(one), plain(one))).toBe(true);
    }),
    { numRuns: howOften(2_000, 100_000) },
  );
});

test("memberOf returns the last of duplicate members, as JSON.parse and Go do", () => {
  const text = '{"a":1,"b":2,"\\u0061":3}';
  const object = parseJson(text);
  if (object.kind !== "object") throw new Error("The text is not an object");
  expect(memberOf(object, "a")).toMatchObject({ value: JSON.parse(text).a });
  expect(memberOf(object, "c")).toBeUndefined();
});

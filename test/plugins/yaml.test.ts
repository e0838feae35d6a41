import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { MOST_BYTES, readYaml, type YamlValue } from "../../src/plugins/yaml.ts";
import { jsonValue } from "../support/json-names.ts";

/** A value as JSON that shows whole numbers as such. */
function shown(value: YamlValue): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [key, shown(one)]));
  if (Array.isArray(value)) return value.map(shown);
  return typeof value === "bigint" ? `${value}n` : value;
}
const read = (text: string) => shown(readYaml(text));

// As go-yaml 2, which the NRI project's plugins use, resolves plain words.
describe("a plain word", () => {
  it.each<[string, unknown]>([
    ["0", "0n"],
    ["-0", "0n"],
    ["+7", "7n"],
    ["010", "8n"],
    ["08", 8],
    ["0o17", "15n"],
    ["0x10", "16n"],
    ["-0x10", "-16n"],
    ["0b101", "5n"],
    ["1_000", "1000n"],
    ["1e3", 1000],
    ["1.5e3", 1500],
    ["1.", 1],
    [".5", 0.5],
    ["18446744073709551615", "18446744073709551615n"],
    ["18446744073709551616", 18446744073709552000],
    ["-9223372036854775809", -9223372036854776000],
    ["1e999", "1e999"],
    [".inf", Number.POSITIVE_INFINITY],
    ["1:30", "1:30"],
    ["e1", "e1"],
    ["2026-01-02", "2026-01-02"],
    ["yes", true],
    ["Off", false],
    ["y", true],
    ["yEs", "yEs"],
    ["~", null],
    ["", null],
    ["null", null],
    ["word", "word"],
    ['"5"', "5"],
    ["'yes'", "yes"],
    ["!!str 5", "5"],
    ['!!int "5"', "5n"],
    ["|\n  5\n", "5\n"],
  ])("%j is %j", (text, value) => {
    expect(read(`a: ${text}`)).toEqual({ a: value });
  });
});

describe("a text", () => {
  it.each<[string, string, unknown]>([
    ["of JSON", '[{"a":1,"b":[true,null]}]', [{ a: "1n", b: [true, null] }]],
    ["with a key twice, the last counts,", "a: 1\nb: 2\na: 3", { a: "3n", b: "2n" }],
    ["with keys that are no texts", "1: a\ntrue: b\n~: c", { "1": "a", true: "b", null: "c" }],
    ["with an alias", "a: &x {b: 1}\nc: *x", { a: { b: "1n" }, c: { b: "1n" } }],
    ["with an anchor twice", "a: &x 1\nb: *x\nc: &x 2\nd: *x", { a: "1n", b: "1n", c: "2n", d: "2n" }],
    [
      "with a merge",
      "- &x {a: 1, b: 2}\n- <<: *x\n  b: 3",
      [
        { a: "1n", b: "2n" },
        { a: "1n", b: "3n" },
      ],
    ],
    ["with merges", "{<<: [{a: 1}, {a: 2, b: 2}]}", { a: "1n", b: "2n" }],
    ["of two documents", "a: 1\n---\nb: [", { a: "1n" }],
    ["of nothing", "", null],
    ["of comments", "# x\n", null],
    [
      "of keys like those of objects",
      "__proto__: 1\nconstructor: 2",
      { ["__proto__"]: "1n", constructor: "2n" },
    ],
  ])("%s is read", (_, text, value) => {
    expect(JSON.stringify(read(text))).toBe(JSON.stringify(value));
  });

  const bomb = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"];
  for (let i = 1; i < 9; i++) bomb.push(`a${i}: &a${i} [${Array(9).fill(`*a${i - 1}`)}]`);
  it.each([
    ["that ends too early", "[1", "line 1: missing char"],
    ["with a tab", "a: 1\n\tb: 2", "line 2: "],
    ["with an unknown alias", "a: *b", "unknown anchor"],
    ["that contains itself", "&a [*a]", "unknown anchor"],
    ["of aliases that grow", bomb.join("\n"), "excessive aliasing"],
    ["that merges text", "<<: a", "map merge requires map"],
    ["with a list as key", "[a]: b", "a key is"],
    ["that is deep, of brackets", "[".repeat(5_000), "deeper than"],
    ["that is deep, of dashes", "- ".repeat(5_000), "deeper than"],
    [
      "that is deep, of lines",
      Array.from({ length: 110 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
      "deeper than",
    ],
    ["that is large", "a".repeat(MOST_BYTES + 1), "longer than"],
  ])("%s is refused", (_, text, seen) => {
    expect(() => readYaml(text)).toThrow(seen);
    expect(() => readYaml(text)).toThrow(/^error converting YAML to JSON: yaml: [\w ,:]+$/);
  });
});

test("any text is read or refused with one kind of error, and JSON is read as itself", () => {
  const part = fc.constantFrom(
    "- ",
    "a",
    ": ",
    "\n",
    "  ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "<<",
    '"',
    "'",
    "|",
    "#",
    "!!int ",
    "---",
    "? ",
    "\0",
    "\t",
    "0",
    "1",
    "%",
    "@",
    "`",
  );
  const any = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(part, { maxLength: 60 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(any, (text) => {
      try {
        readYaml(text);
      } catch (error) {
        expect(String(error)).toMatch(/^Error: error converting YAML to JSON: yaml: [\w ,:]+$/);
      }
    }),
    { numRuns: 1_000 },
  );
  const json = jsonValue({ maxDepth: 5 });
  fc.assert(
    fc.property(json, (value) => {
      const numbers = (one: unknown): unknown =>
        JSON.parse(JSON.stringify(one, (_, inner) => (typeof inner === "number" ? inner + 0 : inner)));
      const back = JSON.parse(
        JSON.stringify(readYaml(JSON.stringify(value)), (_, one: unknown) =>
          one instanceof Map ? Object.fromEntries(one) : typeof one === "bigint" ? Number(one) : one,
        ),
      );
      expect(back).toEqual(numbers(value));
    }),
  );
});

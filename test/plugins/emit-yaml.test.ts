import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { parseDocument } from "yaml";
import { emitYaml, type Tree } from "../../src/plugins/emit-yaml.ts";
import { plainName } from "../support/json-names.ts";

const tree = (value: unknown): Tree => {
  if (Array.isArray(value)) return value.map(tree);
  if (typeof value === "object" && value !== null)
    return new Map(Object.entries(value).map(([key, one]) => [key, tree(one)]));
  return typeof value === "number" || typeof value === "boolean" ? value : String(value);
};
const yaml = (value: unknown) => emitYaml(tree(value)).join("\n");

// As go-yaml 2 writes them.
describe("YAML", () => {
  it("has lists that are not indented, and keys in natural order", () => {
    expect(yaml({ k10: 1, k2: [{ b: "x", a: [1, ["y"]] }], "k-1": {}, Kx: true, "9": 0, "10": 0 })).toBe(
      `"9": 0
"10": 0
Kx: true
k-1: {}
k2:
- a:
  - 1
  - - "y"
  b: x
k10: 1`,
    );
  });

  it.each([
    ["100000", '"100000"'],
    ["", '""'],
    ["yes", '"yes"'],
    ["y", '"y"'],
    ["~", '"~"'],
    ["2026-01-02", '"2026-01-02"'],
    ["1:30", '"1:30"'],
    ["<<", '"<<"'],
    ["a b", "a b"],
    ["a: b", "'a: b'"],
    ["a:b", "a:b"],
    ["- a", "'- a'"],
    ["-a", "-a"],
    ["a #b", "'a #b'"],
    ["it's", "it's"],
    ["'it", "'''it'"],
    [" a", "' a'"],
    ["a ", "'a '"],
    ["{a}", "'{a}'"],
    ["a{", "a{"],
    ["/var/run/netns/cni-1", "/var/run/netns/cni-1"],
    ["\0\x1b\t", '"\\0\\e\\t"'],
    ["\u202e", "\u202e"],
    ["é世😀", "é世😀"],
    ["a\nb", "|-\n  a\n  b"],
    ["a\n", "|\n  a"],
    ["a\n\n", "|+\n  a\n"],
    [" a\n", "|2\n   a"],
    ["a \nb", '"a \\nb"'],
  ])("of the text %j is %s", (text, shown) => {
    expect(yaml({ k: text })).toBe(`k: ${shown}`);
  });

  it("folds a text at the first space beyond 80 columns", () => {
    const word = "x".repeat(9);
    const text = Array(20).fill(word).join(" ");
    expect(emitYaml(tree({ k: [text] }))[1]).toBe(`- ${Array(8).fill(word).join(" ")}`);
    expect(
      yaml({ k: { l: text } })
        .split("\n")
        .map(({ length }) => length),
    ).toEqual([2, 84, 83, 43]);
  });
});

test("YAML of any tree is read back as the tree", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string(),
    fc.stringMatching(/^[ab\n :#'"-]{0,100}$/),
  );
  const { any } = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.integer(),
      fc.boolean(),
      fc.array(tie("any"), { minLength: 1, maxLength: 4 }),
      fc.dictionary(text.map(plainName), tie("any"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(text.map(plainName), any, { minKeys: 1, maxKeys: 4 }), (value) => {
      const document = parseDocument(`${yaml(value)}\n`, {
        version: "1.1",
        schema: "failsafe",
        logLevel: "error",
      });
      expect(document.errors).toEqual([]);
      const plain = JSON.parse(JSON.stringify(value), (_, one) =>
        typeof one === "object" ? one : String(one),
      );
      expect(document.toJS()).toEqual(plain);
    }),
    { numRuns: 500 },
  );
});

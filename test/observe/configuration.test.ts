import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { parseDocument } from "yaml";
import { parseConfiguration } from "../../src/observe/configuration.ts";
import { readSettings } from "../../src/observe/observer-settings.ts";

const parser = () => ({ parseDocument });

function complaintOf(text: string): string {
  const read = parseConfiguration(text, parser);
  return "complaint" in read ? read.complaint : `none: ${Object.keys(read.keys)}`;
}

describe("a configuration", () => {
  it.each([
    [
      "YAML",
      "# mine\nlogFile: /x\nlogMaxBytes: 5\nredact: false\n",
      { logFile: "/x", logMaxBytes: 5, redact: false },
    ],
    ["JSON", '{"logFile":"/x",\t"label":"\\u00fc"}', { logFile: "/x", label: "ü" }],
    ["only white space", " \n\n", {}],
    ["a comment", "# nothing yet", {}],
    ["null", "~", {}],
    ["an empty mapping", "{}", {}],
    ["a duplicate key, the last of which counts", "label: a\nlabel: b\n", { label: "b" }],
    ["a byte order mark", "\ufefflabel: a\n", { label: "a" }],
    ["a document marker", "---\nlabel: a\n", { label: "a" }],
    ["an unknown tag", "label: !mine a\n", { label: "a" }],
    ["an alias", "x: &a text\nlabel: *a\n", { x: "text", label: "text" }],
    [
      "a merge key of YAML 1.1",
      "%YAML 1.1\n---\nx: &x {label: a}\n<<: *x\n",
      { x: { label: "a" }, label: "a" },
    ],
  ])("of %s is read", (_, text, keys) => {
    expect(parseConfiguration(text, parser)).toEqual({ keys });
  });

  it.each([
    ["a string", "hello", "keys and values are expected, not a string"],
    ["a number", "5", "keys and values are expected, not a number"],
    ["true", "true", "keys and values are expected, not a boolean"],
    ["a list", "- a\n- b\n", "keys and values are expected, not a list"],
    ["more than one document", "a: 1\n---\nb: 2\n", "multiple docs at byte 5"],
    ["a tab", "a:\n\t- b\n", "tab as indent at byte 3"],
    ["an open bracket", "a: [1, 2\n", "bad indent at byte 9"],
    ["text of two bytes before the error", 'ü: "x\n', "missing char at byte 7"],
    ["an unknown alias", "a: *nobody\n", "too deep, or with aliases that cannot be followed"],
    ["an alias bomb", bomb(), "too deep, or with aliases that cannot be followed"],
  ])("of %s costs a complaint without the text", (_, text, words) => {
    expect(complaintOf(text)).toBe(`Cannot read the configuration: ${words}`);
  });

  it.each([
    ["in open brackets", (depth: number) => "[".repeat(depth)],
    ["in closed brackets", (depth: number) => `a: ${"[".repeat(depth / 2)}${"]".repeat(depth / 2)}`],
    ["in mappings", (depth: number) => "{a: ".repeat(depth / 4)],
    ["in blocks", (depth: number) => "- ".repeat(depth / 2)],
    ["in keys", (depth: number) => "? ".repeat(depth / 2)],
  ])("nested %s as deep as its size allows costs a complaint", (_, make) => {
    expect(complaintOf(make(16_000))).toMatch(/^Cannot read the configuration: (resource exhaustion|too)/);
  });

  it("of more than 16 KB is not read", () => {
    const words = "Cannot read the configuration: it is larger than 16384 bytes";
    expect(complaintOf(`label: a${" ".repeat(1 << 20)}`)).toBe(words);
    expect(complaintOf(`label: ${"é".repeat(8_189)}`)).toBe(words);
    expect(complaintOf(`label: ${"é".repeat(8_188)}`)).toBe("none: label");
  });

  it.each(["&a {label: x, b: *a}", "label: x\na: &a [*a]", "label: &a {b: *a}"])(
    "that contains itself (%s) gives settings",
    (text) => {
      const read = parseConfiguration(text, parser);
      expect("keys" in read && readSettings(read.keys).settings.logFormat).toBe("classic");
    },
  );
});

test("any text gives settings or a complaint", () => {
  const part = fc.constantFrom(
    ...[
      "[",
      "]",
      "{",
      "}",
      ",",
      ":",
      " ",
      "\n",
      "- ",
      "? ",
      "&a ",
      "*a",
      "!t ",
      "|\n",
      ">\n",
      "'",
      '"',
      "#",
      "%",
    ],
    ...[
      "---\n",
      "\t",
      "\\",
      "<<: *a\n",
      "label: x\n",
      "logFile: ",
      "/x",
      "\ud800",
      "\0",
      "!!binary x",
      "!!set {a}",
    ],
  );
  const any = fc.oneof(
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join("")),
    fc.array(part, { maxLength: 8 }).map((parts) => `%YAML 1.1\n---\n${parts.join("")}`),
    fc.string({ unit: "binary" }),
  );
  const run = fc.property(any, (text) => {
    const read = parseConfiguration(text, parser);
    if ("complaint" in read) expect(read.complaint).toMatch(/^Cannot read the configuration: [\w, ]+$/);
    else expect(readSettings(read.keys).settings.target.logFile).toMatch(/^\//);
  });
  fc.assert(run, { numRuns: 1_000 });
});

/** Aliases of lists of nine aliases each: 9^8 values in 270 bytes. */
function bomb(): string {
  const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(of).join(",")}]\n`;
  return level("a", "x") + [..."bcdefgh"].map((name, i) => level(name, `*${"abcdefgh"[i]}`)).join("");
}

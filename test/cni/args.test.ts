import { expect, test } from "vitest";
import { parseArgs } from "../../src/cni/args.ts";

test.each([
  ["", []],
  [";;", []],
  [
    "A=1;B=2",
    [
      ["A", "1"],
      ["B", "2"],
    ],
  ],
  ["A=1=2", [["A", "1=2"]]],
  [
    "A;=x",
    [
      ["A", ""],
      ["", "x"],
    ],
  ],
  [
    "A=1;B=2;A=3",
    [
      ["A", "3"],
      ["B", "2"],
    ],
  ],
  [
    "__proto__=1;constructor=2",
    [
      ["__proto__", "1"],
      ["constructor", "2"],
    ],
  ],
])("parseArgs reads %j", (text, pairs) => {
  expect(Object.entries(parseArgs(text))).toEqual(pairs);
});

import { expect, test } from "vitest";
import { longTable, tableLines } from "../../../src/cli/read/table.ts";

const COLUMNS = [{ head: "POD", cut: true }, { head: "STATE" }, { head: "MS", right: true }] as const;
const ROWS = [
  ["default/a-very-long-name-of-a-pod", "running", "9"],
  ["default/web", "failed", "123"],
];

test("columns are as wide as they need to be", () => {
  expect(tableLines(COLUMNS, ROWS, null)).toEqual([
    "POD                                STATE     MS",
    "default/a-very-long-name-of-a-pod  running    9",
    "default/web                        failed   123",
  ]);
});

test("on a narrow terminal, the widest column that may be cut is cut", () => {
  const lines = tableLines(COLUMNS, ROWS, 30);
  expect(lines).toEqual([
    "POD               STATE     MS",
    "default/a-very-…  running    9",
    "default/web       failed   123",
  ]);
  expect(Math.max(...tableLines(COLUMNS, ROWS, 1).map((line) => line.length))).toBe(22);
});

test("a table may have more rows than a call can have arguments", () => {
  let [lines, last] = [0, ""];
  for (const line of longTable(COLUMNS, 200_000, (at) => [`pod-${at}`, "running", ""], null)) {
    lines++;
    last = line;
  }
  expect([lines, last]).toEqual([200_001, "pod-199999  running"]);
});

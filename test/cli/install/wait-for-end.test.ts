import { expect, test } from "vitest";
import { parseDuration } from "../../../src/cli/install/wait-for-end.ts";

const HOUR = 3_600_000;

test.each([
  ["1s", 1_000],
  ["30m", HOUR / 2],
  ["2h", 2 * HOUR],
  ["24d", 24 * 24 * HOUR],
  ["2147483s", 2_147_483_000],
])("parseDuration reads %s", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(["", "0s", "5", "s", "-1s", "1.5h", "1h30m", "1w", "25d", "2147484s", " 1s", "1S"])(
  "parseDuration refuses %j",
  (text) => {
    expect(() => parseDuration(text)).toThrow("at most 24 days");
  },
);

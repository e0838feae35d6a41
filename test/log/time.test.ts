import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTime } from "../../src/log/time.ts";

test("formatTime agrees with Date from year 1 to 9999, and adds microseconds", () => {
  const seconds = fc.integer({ min: -62135596800, max: 253402300799 });
  fc.assert(
    fc.property(seconds, fc.integer({ min: 0, max: 999999 }), (second, micro) => {
      const date = new Date(second * 1000).toISOString().slice(0, 19);
      expect(formatTime([second, micro])).toBe(`${date}.${String(micro).padStart(6, "0")}Z`);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  [0, "1970-01-01T00:00:00.000001Z"],
  [-1, "1969-12-31T23:59:59.000001Z"],
  [2 ** 31, "2038-01-19T03:14:08.000001Z"],
  [951782400, "2000-02-29T00:00:00.000001Z"],
  [4107542400, "2100-03-01T00:00:00.000001Z"],
  [253402300800, "10000-01-01T00:00:00.000001Z"],
  [-62167219200, "0000-01-01T00:00:00.000001Z"],
  [-62167219201, "-0001-12-31T23:59:59.000001Z"],
])("formatTime formats second %d as %s", (second, text) => {
  expect(formatTime([second, 1])).toBe(text);
});

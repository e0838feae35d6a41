import { expect, test } from "vitest";
import { applyEdits } from "../../src/conflist/text-edit.ts";
import { asByteString } from "../../src/log/byte-string.ts";

test("applyEdits makes edits in any order, and two at the same place in the given order", () => {
  const edits = [
    { offset: 4, length: 1, content: "E" },
    { offset: 1, length: 2, content: "" },
    { offset: 5, length: 0, content: "1" },
    { offset: 5, length: 0, content: "2" },
  ];
  expect(applyEdits(asByteString("abcdef"), edits)).toBe("adE12f");
  expect(applyEdits(asByteString("abc"), [])).toBe("abc");
});

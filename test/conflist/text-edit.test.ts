import { expect, test } from "vitest";
import { applyEdits } from "../../src/conflist/text-edit.ts";
import { asByteString } from "../../src/log/byte-string.ts";

test("edits are made at their places, in whatever order they are given; two at one place in their own", () => {
  const edits = [
    { offset: 4, length: 1, content: "E" },
    { offset: 1, length: 2, content: "" },
    { offset: 5, length: 0, content: "1" },
    { offset: 5, length: 0, content: "2" },
  ];
  expect(applyEdits(asByteString("abcdef"), edits)).toBe("adE12f");
  expect(applyEdits(asByteString("abc"), [])).toBe("abc");
});

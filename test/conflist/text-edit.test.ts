import { expect, test } from "vitest";
import { bytesOfText, textOfBytes } from "../../src/conflist/byte-text.ts";
import { applyEdits } from "../../src/conflist/text-edit.ts";

test("edits are made at their places, in whatever order they are given; two at one place in their own", () => {
  const edits = [
    { offset: 4, length: 1, content: "E" },
    { offset: 1, length: 2, content: "" },
    { offset: 5, length: 0, content: "1" },
    { offset: 5, length: 0, content: "2" },
  ];
  expect(applyEdits("abcdef", edits)).toBe("adE12f");
  expect(applyEdits("abc", [])).toBe("abc");
});

test("a text's bytes are one character each", () => {
  expect(bytesOfText("aé€")).toBe("a\xc3\xa9\xe2\x82\xac");
  expect(textOfBytes(bytesOfText("aé€😀"))).toBe("aé€😀");
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeJsonString } from "../../src/log/byte-string.ts";

const binary = (text: string) => Buffer.from(text).toString("latin1");

test("any string comes back from its JSON text, escaped or not", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.boolean(), (text, ascii) => {
      const json = JSON.stringify(text);
      const escaped = ascii
        ? json.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)
        : json;
      expect(decodeJsonString(binary(escaped))).toBe(binary(text));
    }),
  );
});

test.each([
  ['"\\/\\b\\f\\n\\r\\t\\"\\\\"', '/\b\f\n\r\t"\\'],
  ['"\\ud800"', "\u00ed\u00a0\u0080"],
  ['"\\ud83d\\ude00"', "\u00f0\u009f\u0098\u0080"],
  ['"\\ud83dx"', "\u00ed\u00a0\u00bdx"],
  ['"\u00ff\u00fe"', "\u00ff\u00fe"],
])("%s", (text, bytes) => {
  expect(decodeJsonString(text)).toBe(bytes);
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asByteString, decodeJsonString, decodeUtf8, encodeUtf8 } from "../../src/log/byte-string.ts";

const binary = (text: string) => Buffer.from(text).toString("latin1");

test("decodeJsonString returns any string from its JSON text, escaped or not", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.boolean(), (text, ascii) => {
      const json = JSON.stringify(text);
      const escaped = ascii
        ? json.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)
        : json;
      expect(decodeJsonString(asByteString(binary(escaped)))).toBe(binary(text));
    }),
  );
});

test.each([
  ['"\\/\\b\\f\\n\\r\\t\\"\\\\"', '/\b\f\n\r\t"\\'],
  ['"\\ud800"', "\u00ed\u00a0\u0080"],
  ['"\\ud83d\\ude00"', "\u00f0\u009f\u0098\u0080"],
  ['"\\ud83dx"', "\u00ed\u00a0\u00bdx"],
  ['"\u00ff\u00fe"', "\u00ff\u00fe"],
])("decodeJsonString decodes %s", (text, bytes) => {
  expect(decodeJsonString(asByteString(text))).toBe(bytes);
});

describe("UTF-8", () => {
  const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));
  /** Bytes that begin, continue or break a character. */
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.array(
      fc.constantFrom(
        0x41,
        0x7f,
        0x80,
        0x8f,
        0x90,
        0x9f,
        0xa0,
        0xbf,
        0xc0,
        0xc2,
        0xdf,
        0xe0,
        0xed,
        0xef,
        0xf0,
        0xf4,
        0xf5,
      ),
      { maxLength: 8 },
    ),
  );

  test("encodeUtf8 encodes any text as Node does", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(encodeUtf8(text)).toBe(Buffer.from(text).toString("latin1"));
      }),
      { numRuns: 2000 },
    );
  });

  test("decodeUtf8 decodes any bytes as Node does", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const buffer = Buffer.from(bytes);
        expect(decodeUtf8(asByteString(buffer.toString("latin1")))).toBe(
          new TextDecoder("utf-8", { ignoreBOM: true }).decode(buffer),
        );
      }),
      { numRuns: 5000 },
    );
  });
});

/** The bytes of a single UTF-16 unit: its UTF-8, or three bytes if it is a surrogate. */
function bytesOfUnit(unit: number): string {
  if (unit < 0xd800 || unit > 0xdfff) return binary(String.fromCharCode(unit));
  return String.fromCharCode(0xed, 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
}

const escaped = (...units: number[]) =>
  asByteString(`"${units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("")}"`);

test("decodeJsonString decodes every escaped UTF-16 unit to its bytes", () => {
  for (let unit = 0; unit <= 0xffff; unit++)
    expect(decodeJsonString(escaped(unit)), unit.toString(16)).toBe(bytesOfUnit(unit));
});

test("decodeJsonString joins a high and a low surrogate to one character, and no other two units", () => {
  const edges = [0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000];
  for (const high of edges) {
    for (const low of edges) {
      const pair = high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff;
      const bytes = pair ? binary(String.fromCharCode(high, low)) : bytesOfUnit(high) + bytesOfUnit(low);
      expect(decodeJsonString(escaped(high, low)), escaped(high, low)).toBe(bytes);
    }
  }
});

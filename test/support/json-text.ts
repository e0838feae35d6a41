import fc from "fast-check";
import { isPlainName } from "./json-names.ts";

const blank = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.stringMatching(/^[ \t\r\n]{1,4}$/) },
);

const char = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }).map(escapeChar) },
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z{}[\]:,]$/) },
  { weight: 2, arbitrary: fc.stringMatching(/^\\u[0-9a-fA-F]{4}$/) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\\"', "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\ud83d\\ude00"),
  },
);

function escapeChar(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A string's text, quotes included. */
export const stringText: fc.Arbitrary<string> = fc
  .array(char, { maxLength: 12 })
  .map((chars) => `"${chars.join("")}"`);

const scalar = fc.oneof(
  stringText,
  fc.stringMatching(/^-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,6})?([eE][+-]?[0-9]{1,3})?$/),
  fc.constantFrom("true", "false", "null", "1.0", "-0", "9007199254740993"),
);

const key = fc.oneof(
  stringText.filter(isPlainName),
  fc.constantFrom('"a"', '"prevResult"', '"cniVersion"', '"output"', '"input"', '"__proto__"'),
);

function array(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .array(fc.tuple(blank, value, blank), { maxLength: 4 })
    .map((items) => `[${items.map((item) => item.join("")).join(",")}]`);
}

function object(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const member = fc.tuple(blank, key, blank, fc.constant(":"), blank, value, blank);
  return fc
    .array(member, { maxLength: 4 })
    .map((members) => `{${members.map((parts) => parts.join("")).join(",")}}`);
}

/** JSON texts that no printer writes: white space, escapes, odd numbers, duplicate keys. No string has a raw line feed. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof({ depthSize: "small", withCrossShrink: true }, scalar, array(tie("value")), tie("object")),
  object: object(tie("value")),
})).value;

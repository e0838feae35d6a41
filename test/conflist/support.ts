import fc from "fast-check";
import { isPlainName } from "../support/json-names.ts";

/** JSON text of any value in any style: white space wherever it is allowed, duplicate keys, long numbers, escapes. */
const space = fc.constantFrom("", "", " ", "\n", "\r\n", "\t", "\n  ", "\n    ", " \n\t");
const string = fc.oneof(
  fc.string({ maxLength: 8, unit: "binary-ascii" }).map((text) => JSON.stringify(text)),
  fc.constantFrom(
    '"a"',
    '"\\u00e9"',
    '"\xc3\xa9"',
    '"\xff"',
    '"\\ud800"',
    '"[1,2]"',
    '"a,b"',
    '"\\""',
    '"}"',
  ),
);
const scalar = fc.oneof(
  string,
  fc.constantFrom("true", "false", "null", "0", "-0", "1e5", "12345678901234567890", "1.50", "-1E-2"),
);

function list(open: string, close: string, parts: fc.Arbitrary<string[]>): fc.Arbitrary<string> {
  return fc
    .tuple(parts, space, space)
    .map(([items, before, after]) => `${open}${before}${items.join(`,${before}`)}${after}${close}`);
}

function member(
  value: fc.Arbitrary<string>,
  key: fc.Arbitrary<string> = string.filter(isPlainName),
): fc.Arbitrary<string> {
  return fc.tuple(key, space, space, value).map((parts) => `${parts[0]}${parts[1]}:${parts[2]}${parts[3]}`);
}

export const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    list("[", "]", fc.array(tie("value"), { maxLength: 4 })),
    list("{", "}", fc.array(member(tie("value")), { maxLength: 4 })),
  ),
})).value;

const plugin = fc
  .tuple(
    member(
      fc.constantFrom('"bridge"', '"portmap"', '"c\\u0061lico"'),
      fc.constantFrom('"type"', '"t\\u0079pe"'),
    ),
    fc.array(member(jsonText), { maxLength: 3 }),
    fc.nat(3),
    space,
    space,
  )
  .map(
    ([type, members, at, before, after]) =>
      `{${before}${members.toSpliced(at, 0, type).join(`,${before}`)}${after}}`,
  );

/** A conflist of up to four plugins without taps, in any style. */
export const conflistText: fc.Arbitrary<string> = fc
  .tuple(
    list("[", "]", fc.array(plugin, { maxLength: 4 })),
    fc.array(member(jsonText), { maxLength: 2 }),
    space,
    space,
    fc.constantFrom("", "\n", "\r\n", "\n\n"),
  )
  .map(([plugins, others, before, after, end]) => {
    const members = [
      ...others,
      '"name":"net"',
      '"cniVersion": "1.0.0"',
      `"plugins"${before}:${after}${plugins}`,
    ];
    return `{${before}${members.join(`,${before}`)}${after}}${end}`;
  })
  .filter((text) => {
    const { name, plugins, cniVersion } = JSON.parse(text);
    return name === "net" && Array.isArray(plugins) && cniVersion === "1.0.0";
  });

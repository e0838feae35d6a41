import { describe, expect, test } from "vitest";
import { INPUT_LEVELS_MOST } from "../../../src/native/limits.ts";
import { LIMITS, useScanners } from "../scanners.ts";

const { agree, agreeAs } = useScanners();

describe("the scanner", () => {
  const cases: [name: string, text: string, error: number, at: number][] = [
    ["accepts an object", '{"a":[1,2.5e-7,true,false,null,"x",{}]}', 0, 0],
    ["accepts white space around an object", ' \t\r\n{ "a" : 1 } \n', 0, 0],
    ["refuses an empty text", "", 1, 0],
    ["refuses only white space", "  ", 1, 2],
    ["refuses a byte order mark", "\ufeff{}", 6, 0],
    ["refuses an array", "[{}]", 6, 0],
    ["refuses a second value", "{} {}", 7, 3],
    ["refuses a comma before the end", '{"a":1,}', 2, 7],
    ["refuses a leading zero", '{"a":01}', 2, 6],
    ["refuses a point without digits", '{"a":1.}', 2, 7],
    ["refuses an exponent without digits", '{"a":1e}', 2, 7],
    ["refuses NaN", '{"a":NaN}', 2, 5],
    ["refuses single quotes", "{'a':1}", 2, 1],
    ["refuses an unknown escape", '{"a":"\\x"}', 3, 7],
    ["refuses an incomplete \\u escape", '{"a":"\\u12"}', 3, 10],
    ["refuses a raw tab in a string", '{"a":"\t"}', 4, 6],
    ["refuses the wrong bracket", '{"a":[1}', 2, 7],
    ["accepts a lone surrogate", '{"a":"\\ud800"}', 0, 0],
  ];
  test.each(cases)("%s", async (_name, text, error, at) => {
    expect(await agree(Buffer.from(text))).toMatchObject({ error, at });
  });

  test("accepts bytes that are not UTF-8", async () => {
    expect((await agree(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x22, 0xc3, 0x22, 0x7d]))).error).toBe(0);
  });

  test("accepts 10,000 levels and refuses 10,001", async () => {
    const nested = (levels: number) => Buffer.from(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`);
    const limits = { ...LIMITS, depthLimit: INPUT_LEVELS_MOST };
    expect((await agree(nested(10000), limits)).error).toBe(0);
    expect(await agree(nested(10001), limits)).toMatchObject({ error: 5, at: 50000 });
  });

  test("reports overflow if there are more secrets than its limit, and notes no more", async () => {
    const secrets = (count: number) =>
      Buffer.from(`{${Array.from({ length: count }, (_, i) => `"token${i}":{"secret":${i}}`).join(",")}}`);
    expect((await agree(secrets(LIMITS.secretLimit))).overflow).toBe(false);
    const scan = await agree(secrets(LIMITS.secretLimit + 1));
    expect(scan.overflow).toBe(true);
    expect(scan.secrets).toHaveLength(3 * LIMITS.secretLimit);
  });

  test("notes a secret within a secret once", async () => {
    const text = `{"token":${'{"token":['.repeat(20)}"eyJa.b.c"${"]}".repeat(20)},"x":"eyJa.b.c"}`;
    const { secrets, overflow } = await agree(Buffer.from(text));
    expect(overflow).toBe(false);
    expect(secrets).toHaveLength(6);
    expect(text.slice(secrets[3], secrets[4])).toBe('"eyJa.b.c"');
  });

  test("notes only the secret items of an array, not those after them", async () => {
    const text = '{"a":[{"token":1},2,"x",{"b":[{"secret":[]},null]},true]}';
    const { secrets } = await agree(Buffer.from(text));
    expect(secrets).toHaveLength(6);
    expect(text.slice(secrets[0], secrets[1])).toBe("1");
    expect(text.slice(secrets[3], secrets[4])).toBe("[]");
  });

  test("searches only the requested members for secrets if that is asked for", async () => {
    const text =
      '{"a":{"token":1},"label":{"token":2},"eyJa.b.c":3,"label":"eyJa.b.c","x":"eyJa.b.c","prevResult":[{"secret":4}]}';
    const { secrets } = await agreeAs(Buffer.from(text), { ...LIMITS, everywhere: false });
    const found = [0, 3, 6].map((at) => text.slice(secrets[at], secrets[at + 1]));
    expect(found).toEqual(["2", '"eyJa.b.c"', "4"]);
    expect(secrets).toHaveLength(9);
  });

  test("takes the last of duplicate members, and only at the top level", async () => {
    const text = '{"name":"a","x":{"name":"b"},"na\\u006de":"c"}';
    const scan = await agree(Buffer.from(text));
    expect(text.slice(scan.members[2], scan.members[3])).toBe('"c"');
  });

  test("finds a secret's shape at the start and at the end of a string", async () => {
    for (const text of ["eyJa.b.c", "-----BEGIN ", "x-----BEGIN ", "xeyJa.b.c"])
      expect((await agree(Buffer.from(`{"a":"${text}"}`))).secrets, text).toHaveLength(3);
  });

  test("finds a JWT with any character of base64url, and with no other", async () => {
    const whole = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (const c of whole)
      for (const text of [`eyJ${c}.b.c`, `eyJa.${c}.c`, `eyJa.b.${c}`])
        expect((await agree(Buffer.from(`{"a":"${text}"}`))).secrets, text).toHaveLength(3);
    for (const c of "+/= @[`{:,")
      expect((await agree(Buffer.from(`{"a":"eyJ${c}.b.c"}`))).secrets, c).toEqual([]);
  });

  test("reads an escape as its character, never as its letter", async () => {
    for (const key of ["\\token", "toke\\n", "sec\\ret", "secre\\t", "a\\u0170ikey", "to\\u016ben"])
      expect((await agree(Buffer.from(`{"${key}":1}`))).secrets, key).toEqual([]);
    for (const key of ["\\name", "\\u016eame", "la\\bel", "p\\revResult"]) {
      const { members } = await agree(Buffer.from(`{"${key}":1}`));
      expect(members, key).toEqual(Array(10).fill(0));
    }
  });
});

import { expect, test } from "vitest";
import { classicLine, readJsonLine } from "../support/log-lines.ts";
import { roles, runTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

const add = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };

/** prevResults that would change if they were parsed and printed again. */
const texts: Readonly<Record<string, string>> = {
  "an integer above 2^53": '{"a":9007199254740993,"b":-123456789012345678901234567890}',
  "1.0 beside 1": '{"a":1.0,"b":1,"c":1e0,"d":1E+2,"e":-0,"f":-0.0,"g":1e400,"h":0.1000}',
  "white space between tokens": '{ "a" :\t[ 1 , 2 ]  ,  "b" : { } }',
  "CR LF between tokens": '{\r\n  "a": [\r\n    1\r\n  ]\r\n}',
  "duplicate keys": '{"a":1,"a":2,"b":{"c":1,"c":1}}',
  "unsorted keys": '{"z":1,"10":2,"a":3,"9":4,"__proto__":5}',
  Unicode: '{"grüße":"здравствуйте 你好 🐳 \u2028 \u007f \ufeff"}',
  "unnecessary escapes": String.raw`{"\u0061":"\u0041\/\b\f\n\r\t\"\\\u00e9\ud83d\ude00"}`,
  "lone surrogates": String.raw`{"a":"\ud800","b":"\udc00x","\ud800":1}`,
  "an escaped NUL": String.raw`{"a":"x\u0000y"}`,
  "brackets and quotes in strings": String.raw`{"a":"}]\"{[","prevResult\":":"\\"}`,
  "a prevResult of its own": '{"prevResult":{"prevResult":null},"cniVersion":"0.1.0"}',
  "an empty object": "{}",
  "an array": '[1, "x", null]',
  "a string": '"just text"',
  "an empty string": '""',
  "a number": "-12.50e-3",
  true: "true",
  false: "false",
  zero: "0",
};

for (const role of roles) {
  for (const [what, prev] of Object.entries(texts)) {
    test(`cni_${role} returns a prevResult with ${what}, byte for byte`, async () => {
      const scratch = useScratch();
      const stdin = stanza(scratch, `{"cniVersion":"1.0.0","prevResult":${prev},"type":"x"}`);
      const run = await runTap({ role, env: add, stdin });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout.toString()).toBe(prev);
      const logged = (role === "pre" ? stdin : prev).replace(/[\r\n]/g, " ");
      expect(scratch.lines()).toEqual([
        classicLine("ADD", "c1", role === "pre" ? "input" : "output", logged),
      ]);
    });
  }

  test(`cni_${role} returns and logs bytes that are not UTF-8`, async () => {
    const scratch = useScratch();
    const prev = Buffer.from('{"a":"<\xff\xfe\xc0\x80\xed\xa0\x80>","\x80":"\xf8"}', "latin1");
    const [before = "", after = ""] = stanza(scratch, '{"prevResult":@,"x":1}').split("@");
    const stdin = Buffer.concat([Buffer.from(before), prev, Buffer.from(after)]);
    const run = await runTap({ role, env: add, stdin });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.equals(prev)).toBe(true);
    expect(scratch.log().includes(prev)).toBe(true);
  });

  test(`cni_${role} returns the last prevResult if there are two`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, '{"prevResult":{"a":1},"cniVersion":"1.0.0","prevResult":{"a":2}}');
    const run = await runTap({ role, env: add, stdin });
    expect(run.stdout.toString()).toBe('{"a":2}');
  });

  test(`cni_${role} recognizes a prevResult whose key is written with escapes`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, String.raw`{"prev\u0052esult":{"a":1.0},"cniVersion":"1.0.0"}`);
    const run = await runTap({ role, env: add, stdin });
    expect(run.stdout.toString()).toBe('{"a":1.0}');
  });

  test(`cni_${role} ignores a prevResult that is not at the top level`, async () => {
    const scratch = useScratch();
    const text = String.raw`{"cniVersion":"1.0.0","a":{"prevResult":1},"b":[{"prevResult":2}],"c":"\"prevResult\":3","xprevResult":4}`;
    const run = await runTap({ role, env: add, stdin: stanza(scratch, text) });
    expect(run.stdout.toString()).toBe('{"cniVersion":"1.0.0"}');
  });

  test(`cni_${role} returns a prevResult of a megabyte, byte for byte`, async () => {
    const scratch = useScratch();
    const prev = JSON.stringify({
      ips: Array.from({ length: 20_000 }, (_, i) => ({ address: `10.0.0.${i}/8`, n: i })),
    });
    const stdin = stanza(scratch, `{"cniVersion":"1.0.0","prevResult":${prev}}`);
    const run = await runTap({ role, env: add, stdin });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.toString() === prev).toBe(true);
    expect(scratch.lines()).toHaveLength(1);
    expect(scratch.log().includes(prev)).toBe(true);
  });

  test(`cni_${role} logs several thousand line feeds as one line`, async () => {
    const scratch = useScratch();
    const prev = `[${"1,\r\n".repeat(5_000)}2]`;
    const stdin = stanza(scratch, `{"prevResult":${prev}}`, { logFormat: "json" });
    const run = await runTap({ role, env: add, stdin });
    expect(run.stdout.toString() === prev).toBe(true);
    const [line = "", ...rest] = scratch.lines();
    expect(rest).toEqual([]);
    expect(readJsonLine(line).payload.text.includes(prev.replace(/[\r\n]/g, " "))).toBe(true);
  });
}

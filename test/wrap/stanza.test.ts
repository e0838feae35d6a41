import { beforeAll, describe, expect, test } from "vitest";
import type { Scratch } from "../support/scratch.ts";
import { readPair } from "./support/log.ts";
import { buildPrograms, wrapPath } from "./support/programs.ts";
import { runPlugin } from "./support/run-plugin.ts";
import { withoutSpace } from "./support/tokens.ts";
import { bareCall, libcniText, logSettings, withScratch } from "./support/wrapped.ts";

/* What a plugin of a list gets on stdin: the stanza with its own type, and without cniTap. */

beforeAll(buildPrograms);

/** The plugin's stdin. In `stanza`, LOG stands for the members that send the log to the scratch directory. */
async function received(stanza: string): Promise<string> {
  return withScratch(async (scratch) => {
    const run = await runPlugin({
      ...bareCall({ ill: "cat" }),
      program: wrapPath(),
      stdin: stanza.replaceAll("LOG", logMembers(scratch)),
    });
    expect(run).toMatchObject({ exit: 0, signal: null });
    expect(run.stderr.toString()).toBe("");
    const [begin, end] = readPair(scratch.lines());
    expect(begin.members.plugin).toBe("ill");
    // The log has the plugin's stdin, on one line; here there is nothing to hide in it.
    expect(withoutSpace(begin.payload)).toBe(withoutSpace(run.stdout.toString()));
    expect(withoutSpace(end.payload)).toBe(withoutSpace(run.stdout.toString()));
    return run.stdout.toString();
  });
}

function logMembers(scratch: Scratch): string {
  return JSON.stringify(logSettings(scratch)).slice(1, -1);
}

const compact: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "only what every request has": { cniVersion: "1.0.0", name: "n" },
  "a key before cniTap": { cniVersion: "1.0.0", name: "n", a: 1 },
  "a key between cniTap and cniVersion": { cniVersion: "1.0.0", name: "n", cniU: 1 },
  "keys on both sides": {
    cniVersion: "1.0.0",
    name: "n",
    AA: 1,
    cni: {},
    cniT: [],
    cniTaps: 2,
    zz: null,
    types: "x",
  },
  "nothing but the type": {},
  "keys that are nearly the same": { cnitap: 1, CniTap: 2, "cniTap ": 3, Type: "x", "": 4, ype: 5 },
  "cniTap and type further inside": {
    ipam: { type: "host-local", cniTap: { type: "x" } },
    list: [{ cniTap: 1 }],
  },
  "what Go escapes": { name: "<a&b>\u2028", html: ["<", ">", "&"] },
  "Unicode and control characters": { ключ: "grün 🐳", c: '\u0000\u001f\u007f\n\t"\\/' },
  "a prevResult of 1 MB": {
    prevResult: { ips: Array.from({ length: 20_000 }, (_, i) => ({ address: `10.0.0.${i}/24` })) },
  },
  "a prevResult with a type": {
    prevResult: { cniVersion: "1.0.0", type: "y", interfaces: [{ name: "eth0" }] },
  },
};

describe.concurrent(
  "a compact stanza with sorted keys becomes, byte for byte, what the bare plugin gets:",
  () => {
    test.each(Object.entries(compact))("%s", async (_what, config) => {
      await withScratch(async (scratch) => {
        const cniTap = { type: "ill", ...logSettings(scratch) };
        const run = await runPlugin({
          ...bareCall({ ill: "cat" }),
          program: wrapPath(),
          stdin: libcniText({ ...config, type: "cni_wrap", cniTap }),
        });
        expect(run.stdout.toString() === libcniText({ ...config, type: "ill" })).toBe(true);
      });
    });
  },
);

/** [what, stanza, what the plugin gets but for white space between tokens] */
const stanzas: readonly (readonly [string, string, string])[] = [
  ["cniTap first", '{"cniTap":{"type":"ill",LOG},"name":"n","type":"cni_wrap"}', '{"name":"n","type":"ill"}'],
  ["cniTap last", '{"name":"n","type":"cni_wrap","cniTap":{"type":"ill",LOG}}', '{"name":"n","type":"ill"}'],
  [
    "cniTap between",
    '{"name":"n","cniTap":{"type":"ill",LOG},"type":"cni_wrap"}',
    '{"name":"n","type":"ill"}',
  ],
  ["cniTap alone", '{"cniTap":{"type":"ill",LOG}}', "{}"],
  ["cniTap alone, with white space", ' {\n "cniTap" : {"type":"ill",LOG}\n} \n', "{}"],
  ["no type", '{"name":"n","cniTap":{"type":"ill",LOG}}', '{"name":"n"}'],
  ["no type, cniTap first", '{"cniTap":{"type":"ill",LOG},"name":"n"}', '{"name":"n"}'],
  [
    "white space everywhere",
    '\r\n{ "name" :\t"n" ,\r\n "cniTap" : { "type" : "ill" , LOG } ,\n\n"type" : "cni_wrap" }\r\n',
    '{"name":"n","type":"ill"}',
  ],
  [
    "white space before a last cniTap",
    '{"type":"cni_wrap" , "name":"n"\n,\n"cniTap" : {"type":"ill",LOG}\n}',
    '{"type":"ill","name":"n"}',
  ],
  [
    "CRLF",
    '{\r\n"type":"cni_wrap",\r\n"cniTap":{"type":"ill",LOG},\r\n"a":[1,\r\n2]}\r\n',
    '{"type":"ill","a":[1,2]}',
  ],
  [
    "two cniTap, of which the last counts",
    '{"cniTap":{"type":"none"},"type":"cni_wrap","cniTap":{"type":"ill",LOG}}',
    '{"type":"ill"}',
  ],
  ["three cniTap around a key", '{"cniTap":1,"cniTap":{},"a":1,"cniTap":{"type":"ill",LOG}}', '{"a":1}'],
  ["cniTap only, three times", '{"cniTap":1,"cniTap":"x","cniTap":{"type":"ill",LOG}}', "{}"],
  ["an escape in cniTap", '{"cni\\u0054ap":{"type":"ill",LOG},"a":1}', '{"a":1}'],
  ["cniTap in escapes", '{"a":1,"\\u0063\\u006e\\u0069\\u0054\\u0061\\u0070":{"type":"ill",LOG}}', '{"a":1}'],
  [
    "an escape in the key type",
    '{"typ\\u0065":"cni_wrap","cniTap":{"type":"ill",LOG}}',
    '{"typ\\u0065":"ill"}',
  ],
  ["an escape in cniTap's key type", '{"type":"x","cniTap":{"t\\u0079pe":"ill",LOG}}', '{"type":"ill"}'],
  [
    "an escape in the plugin's type",
    '{"type":"x","cniTap":{"type":"\\u0069ll",LOG}}',
    '{"type":"\\u0069ll"}',
  ],
  [
    "an escape in the wrapper's type",
    '{"type":"cni\\u005fwrap","cniTap":{"type":"ill",LOG}}',
    '{"type":"ill"}',
  ],
  [
    "two types, of which the last is replaced",
    '{"type":"first","a":1,"type":"cni_wrap","cniTap":{"type":"ill",LOG}}',
    '{"type":"first","a":1,"type":"ill"}',
  ],
  ["two types in cniTap", '{"type":"x","cniTap":{"type":"none","type":"ill",LOG}}', '{"type":"ill"}'],
  ["a type that is no string", '{"type":{"a":[1,2]},"cniTap":{"type":"ill",LOG}}', '{"type":"ill"}'],
  ["a type of null", '{"type":null,"cniTap":{"type":"ill",LOG}}', '{"type":"ill"}'],
  [
    "keys that only look so",
    '{"cniTap\\u0000":1,"cniTapp":2,"cnitap":3,"cniTap":{"type":"ill",LOG}}',
    '{"cniTap\\u0000":1,"cniTapp":2,"cnitap":3}',
  ],
  [
    "strings that look like members",
    '{"a":",\\"cniTap\\":{}","type":"\\"type\\":","cniTap":{"type":"ill",LOG},"b":"}"}',
    '{"a":",\\"cniTap\\":{}","type":"ill","b":"}"}',
  ],
  [
    "numbers that a double cannot hold",
    '{"a":9007199254740993,"b":1.0,"c":1e400,"d":-0,"cniTap":{"type":"ill",LOG}}',
    '{"a":9007199254740993,"b":1.0,"c":1e400,"d":-0}',
  ],
  [
    "other keys given twice",
    '{"a":1,"a":2,"cniTap":{"type":"ill",LOG},"a":{"b":1,"b":2}}',
    '{"a":1,"a":2,"a":{"b":1,"b":2}}',
  ],
  [
    "unknown settings in cniTap",
    '{"cniTap":{"x":{"type":"no","y":[{"type":"no"}]},"type":"ill",LOG,"later":true},"type":"cni_wrap"}',
    '{"type":"ill"}',
  ],
];

describe.concurrent("the plugin gets its own stanza from one with", () => {
  test.each(stanzas)("%s", async (_what, stanza, expected) => {
    const got = await received(stanza);
    expect(withoutSpace(got)).toBe(expected);
    JSON.parse(got);
  });

  test("other bytes than UTF-8", async () => {
    await withScratch(async (scratch) => {
      const [before, after] = ['{"a":"\xff\xc0","cniTap":{"type":"ill",', '},"type":"x"}'];
      const stdin = Buffer.from(`${before}${logMembers(scratch)}${after}`, "latin1");
      const run = await runPlugin({ ...bareCall({ ill: "cat" }), program: wrapPath(), stdin });
      expect(run.stdout.toString("latin1")).toBe('{"a":"\xff\xc0","type":"ill"}');
    });
  });

  test("9,000 levels", async () => {
    const deep = `"deep":${'[{"a":'.repeat(4_500)}1${"}]".repeat(4_500)}`;
    expect(await received(`{"cniTap":{"type":"ill",LOG},${deep},"type":"x"}`)).toBe(`{${deep},"type":"ill"}`);
  });

  test("10 MB", async () => {
    await withScratch(async (scratch) => {
      const config = { a: "x".repeat(5_000_000), z: ["y".repeat(5_000_000)] };
      const cniTap = { type: "ill", ...logSettings(scratch) };
      const stdin = libcniText({ ...config, type: "cni_wrap", cniTap });
      const run = await runPlugin({ ...bareCall({ ill: "cat" }), program: wrapPath(), stdin });
      expect(run.stdout.toString() === libcniText({ ...config, type: "ill" })).toBe(true);
    });
  });
});

describe.concurrent("white space between members stays, but for that of the members taken out", () => {
  test.each([
    ['{ "a" : 1 ,\n"type" : "x" , "cniTap":{"type":"ill",LOG} }', '"a" : 1 ,\n"type" : "ill"'],
    [
      '{"cniTap":{"type":"ill",LOG},  "type":\t"x",\r\n  "b" : [ 1 , 2 ]}',
      '"type":\t"ill",\r\n  "b" : [ 1 , 2 ]}',
    ],
  ])("%j", async (stanza, part) => {
    expect(await received(stanza)).toContain(part);
  });
});

test.each(["by its name"])("the plugin wrapped %s gets stdin untouched, whatever it is", async () => {
  const { linkTo } = await import("./support/wrapped.ts");
  for (const stdin of [
    '{"type":"x","cniTap":{"type":"other"}}',
    ' {\r\n"cniTap":1,"cniTap":2}\n\n',
    "hello",
    "",
    "[1,2]",
    '{"a":',
    "{}{}",
    "\u0000",
  ]) {
    await withScratch(async (scratch) => {
      const program = linkTo(scratch, "ill", logSettings(scratch));
      const run = await runPlugin({ ...bareCall({ ill: "cat;exit:3" }), program, stdin });
      expect(run.stdout.toString()).toBe(stdin);
      expect(run.exit).toBe(3);
    });
  }
});

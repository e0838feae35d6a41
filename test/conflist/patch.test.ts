import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readNetwork } from "../../src/conflist/network.ts";
import { patch, withoutTaps } from "../../src/conflist/patch.ts";
import {
  type DesiredTaps,
  type DesiredWrap,
  entryOf,
  modeOf,
  NO_TAPS,
  type StanzaEntry,
} from "../../src/conflist/tap-entries.ts";
import { asByteString } from "../../src/log/byte-string.ts";
import { howOften } from "../support/soak.ts";
import { conflistText } from "./support.ts";

const read = (text: string) => readNetwork("10-net.conflist", asByteString(text));
const json: StanzaEntry = { logFormat: "json" };
const both: DesiredTaps = { pre: json, post: json, wrap: null };

const stanza: fc.Arbitrary<StanzaEntry | null> = fc.option(
  fc.constantFrom<StanzaEntry>(
    {},
    json,
    { label: 'é"\\\u2028', lockTimeoutMs: 5 },
    { capabilities: { bandwidth: true } },
  ),
);
const wrap: fc.Arbitrary<DesiredWrap | null> = fc.option(
  fc.record({
    keys: stanza.map((keys) => ({ ...keys, delegates: true })),
    only: fc.option(fc.subarray(["bridge", "calico"])),
  }),
);
const desired: fc.Arbitrary<DesiredTaps> = fc.record({ pre: stanza, post: stanza, wrap });

/** The parsed entry that a plugin should have. */
function wanted(plugin: { type: string }, { wrap }: DesiredTaps): object {
  if (!wrap || wrap.only?.includes(plugin.type) === false) return plugin;
  return { ...plugin, type: "cni_wrap", cniTap: { type: plugin.type, ...wrap.keys } };
}

describe("any list with any taps", () => {
  test("has its original bytes after patch and unpatch", () => {
    fc.assert(
      fc.property(conflistText, desired, (text, taps) => {
        const patched = patch(read(text), taps);
        expect(withoutTaps(read(patched))).toBe(text);
        expect(patch(read(patched), NO_TAPS)).toBe(text);
      }),
      { numRuns: howOften(2000, 100_000) },
    );
  });

  test("has the desired taps first and last, the desired wrappers, and everything else unchanged", () => {
    fc.assert(
      fc.property(conflistText, desired, (text, taps) => {
        const before = JSON.parse(text);
        const after = JSON.parse(patch(read(text), taps));
        const pre = taps.pre ? [{ type: "cni_pre", ...taps.pre }] : [];
        const post = taps.post ? [{ type: "cni_post", ...taps.post }] : [];
        const others = before.plugins.map((plugin: { type: string }) => wanted(plugin, taps));
        expect(after).toEqual({ ...before, plugins: [...pre, ...others, ...post] });
      }),
      { numRuns: howOften(1000, 50_000) },
    );
  });

  test("is not changed by the same patch again, and another patch replaces the first", () => {
    fc.assert(
      fc.property(conflistText, desired, desired, (text, first, second) => {
        const patched = patch(read(text), first);
        expect(patch(read(patched), first)).toBe(patched);
        const again = read(patch(read(patched), second));
        expect(withoutTaps(again)).toBe(text);
        expect(again.text.replace(/\s/g, "")).toBe(patch(read(text), second).replace(/\s/g, ""));
      }),
      { numRuns: howOften(1000, 50_000) },
    );
  });
});

describe("patch keeps the style of a list", () => {
  test.each([
    [
      "on one line",
      '{"name":"n","plugins":[{"type":"a"}]}',
      '[{"type":"cni_pre","logFormat":"json"},{"type":"a"},{"type":"cni_post","logFormat":"json"}]',
    ],
    [
      "with spaces",
      '{"name": "n", "plugins": [ {"type": "a"} ]}',
      '[ {"type": "cni_pre", "logFormat": "json"}, {"type": "a"}, {"type": "cni_post", "logFormat": "json"} ]',
    ],
    [
      "on lines of their own",
      '{"name":"n","plugins":[\r\n  {\r\n\t"type": "a"\r\n  }\r\n]}',
      '[\r\n  {\r\n\t"type": "cni_pre",\r\n\t"logFormat": "json"\r\n  },\r\n  {\r\n\t"type": "a"\r\n  },\r\n  {\r\n\t"type": "cni_post",\r\n\t"logFormat": "json"\r\n  }\r\n]',
    ],
    [
      "with one line for each plugin",
      '{"name":"n","plugins":[\n    {"type": "a"}\n]}',
      '[\n    {"type": "cni_pre", "logFormat": "json"},\n    {"type": "a"},\n    {"type": "cni_post", "logFormat": "json"}\n]',
    ],
    [
      "on one line, with commas, colons and spaces only in a string",
      '{"name":"n","plugins":[{"type":"a","x":"b, c: \\"{ d"}]}',
      '[{"type":"cni_pre","logFormat":"json"},{"type":"a","x":"b, c: \\"{ d"},{"type":"cni_post","logFormat":"json"}]',
    ],
    [
      "empty",
      '{"name":"n","plugins":[]}',
      '[{"type":"cni_pre","logFormat":"json"},{"type":"cni_post","logFormat":"json"}]',
    ],
  ])("%s", (_, text, plugins) => {
    const patched = patch(read(text), both);
    expect(patched).toBe(`{"name"${patched.slice(7, patched.indexOf("["))}${plugins}}`);
  });

  test("an array of two numbers before the plugins is unchanged", () => {
    const text = '{"x":[1,2],"name":"n","plugins":[{"type":"a","y":[1,2]}]}';
    expect(withoutTaps(read(patch(read(text), both)))).toBe(text);
  });
});

describe("existing taps", () => {
  const types = (text: string) => read(text).plugins.map((plugin) => plugin.type);
  const list = (...plugins: object[]) => JSON.stringify({ name: "n", plugins }, null, 2);

  test("stay in place if others have added plugins outside of them", () => {
    const text = list(
      { type: "x" },
      { type: "cni_pre" },
      { type: "a" },
      { type: "cni_post" },
      { type: "linkerd-cni" },
    );
    const patched = patch(read(text), both);
    expect(types(patched)).toEqual(["x", "cni_pre", "a", "cni_post", "linkerd-cni"]);
    expect(entryOf(read(patched), read(patched).plugins[1] ?? fail())).toEqual({ type: "cni_pre", ...json });
  });

  test("are moved to their places if they are in the wrong order or there twice", () => {
    const text = list({ type: "cni_post" }, { type: "cni_post" }, { type: "a" }, { type: "cni_pre" });
    expect(types(patch(read(text), both))).toEqual(["cni_pre", "a", "cni_post"]);
    expect(withoutTaps(read(text))).toBe(withoutTaps(read(patch(read(text), both))));
  });

  test("are removed if they are not desired", () => {
    const text = list({ type: "cni_pre" }, { type: "a" }, { type: "cni_post" });
    expect(types(patch(read(text), { ...NO_TAPS, post: {} }))).toEqual(["a", "cni_post"]);
    expect(modeOf(read(patch(read(text), NO_TAPS)))).toBe("none");
  });

  test("keep their text if they are the desired ones and the only plugins", () => {
    const text = '{"name":"n","plugins":[ {"type" : "cni_pre" },\n{ "type": "cni_post"}]}';
    expect(patch(read(text), { ...NO_TAPS, pre: {}, post: {} })).toBe(text);
  });

  test("that follow another entry on its line are written on that line", () => {
    const text = '{"name":"n",\n "plugins":[{"type":"a"}, {\n  "type":"cni_post"\n }]}';
    const patched = patch(read(text), { ...NO_TAPS, post: json });
    expect(patched).toBe(
      '{"name":"n",\n "plugins":[{"type":"a"}, {"type": "cni_post", "logFormat": "json"}]}',
    );
  });

  test("keep their text if only the order of their members differs", () => {
    const text =
      '{"name":"n","plugins":[{"logFormat":"json","type":"cni_pre"},{"type":"a"},{"logFormat" : "json","type":"cni_post"}]}';
    expect(patch(read(text), both)).toBe(text);
  });
});

test("patch refuses values that JSON does not have, and a list without plugins", () => {
  const refused = expect.objectContaining({ code: "refused" });
  const text = '{"name":"n","plugins":[{"type":"a"}]}';
  expect(() => patch(read(text), { ...NO_TAPS, post: { lockTimeoutMs: Number.NaN } })).toThrow(refused);
  expect(() => patch(read('{"name":"n"}'), both)).toThrow(refused);
});

function fail(): never {
  throw new Error("There is no such plugin");
}

import { describe, expect, test } from "vitest";
import { readNetwork } from "../../src/conflist/network.ts";
import { patch, withoutTaps } from "../../src/conflist/patch.ts";
import { type DesiredTaps, NO_TAPS, type StanzaEntry } from "../../src/conflist/tap-entries.ts";
import { asByteString } from "../../src/log/byte-string.ts";

const read = (text: string) => readNetwork("10-net.conflist", asByteString(text));
const wrapping = (keys: StanzaEntry = {}, only: readonly string[] | null = null): DesiredTaps => ({
  ...NO_TAPS,
  wrap: { keys, only },
});
const listOf = (...plugins: string[]) => `{"name":"n","plugins":[${plugins.join(",")}]}`;

describe("a wrapped plugin is written in the style of its entry", () => {
  test.each([
    ["compact", '{"type":"a","x":1}', '{"type":"cni_wrap","cniTap":{"type":"a","label":"l"},"x":1}'],
    ["alone", '{"type":"a"}', '{"type":"cni_wrap","cniTap":{"type":"a","label":"l"}}'],
    ["spaced", '{"type": "a"}', '{"type": "cni_wrap", "cniTap": {"type": "a", "label": "l"}}'],
    [
      "spaced, type last",
      '{ "x": 1, "type": "a" }',
      '{ "x": 1, "type": "cni_wrap", "cniTap": {"type": "a", "label": "l"} }',
    ],
    [
      "on lines of its own, with CRLF and tabs",
      '{\r\n\t"type": "a",\r\n\t"x": 1\r\n}',
      '{\r\n\t"type": "cni_wrap",\r\n\t"cniTap": {"type": "a", "label": "l"},\r\n\t"x": 1\r\n}',
    ],
    [
      "on lines of its own, alone",
      '{\n  "type": "a"\n}',
      '{\n  "type": "cni_wrap",\n  "cniTap": {"type": "a", "label": "l"}\n}',
    ],
    [
      "with escapes in the type, and bytes that are not UTF-8",
      '{"t\\u0079pe":"\\u0061\xff","x":"cni_wrap"}',
      '{"t\\u0079pe":"cni_wrap","cniTap":{"type":"\\u0061\xff","label":"l"},"x":"cni_wrap"}',
    ],
    [
      "with a type that is there twice, of which the last counts",
      '{"type":"b","x":1,"type":"a"}',
      '{"type":"b","x":1,"type":"cni_wrap","cniTap":{"type":"a","label":"l"}}',
    ],
  ])("%s", (_, entry, wrapped) => {
    const text = listOf(entry);
    const patched = patch(read(text), wrapping({ label: "l" }));
    expect(patched).toBe(listOf(wrapped));
    expect(withoutTaps(read(patched))).toBe(text);
    expect(patch(read(patched), wrapping({ label: "l" }))).toBe(patched);
  });
});

describe("wrapping", () => {
  const text = listOf('{"type":"a"}', '{"type":"b"}');

  test("of some plugins leaves the others, and of others unwraps the first", () => {
    const first = patch(read(text), wrapping({}, ["a"]));
    expect(first).toBe(listOf('{"type":"cni_wrap","cniTap":{"type":"a"}}', '{"type":"b"}'));
    const second = patch(read(first), wrapping({}, ["b"]));
    expect(second).toBe(listOf('{"type":"a"}', '{"type":"cni_wrap","cniTap":{"type":"b"}}'));
  });

  test("again with other keys replaces them", () => {
    const first = patch(read(text), wrapping({ label: "x" }));
    expect(patch(read(first), wrapping({ delegates: true }))).toBe(
      patch(read(text), wrapping({ delegates: true })),
    );
  });

  test("takes the place of both taps, and they take its place, with the same bytes as from the bare list", () => {
    const taps: DesiredTaps = { ...NO_TAPS, pre: {}, post: {} };
    const [both, wrapped] = [patch(read(text), taps), patch(read(text), wrapping())];
    expect(patch(read(both), wrapping())).toBe(wrapped);
    expect(patch(read(wrapped), taps)).toBe(both);
  });

  test("keeps an entry that has the same keys, wherever its members are", () => {
    const other = listOf('{"cniTap":{"label":"l", "type" : "a"},"x":1,"type":"cni_wrap"}');
    expect(patch(read(other), wrapping({ label: "l" }))).toBe(other);
    expect(withoutTaps(read(other))).toBe(listOf('{"x":1,"type":"a"}'));
  });

  test("is undone where cniTap is there twice, of which the last counts, as for the wrapper", () => {
    const twice = listOf(
      '{ "cniTap":{"type":"x"}, "cniTap":5, "type":"cni_wrap", "y":2, "cniTap":{"type":"a"} , "cniTap": {"type":"b"} }',
    );
    expect(withoutTaps(read(twice))).toBe(listOf('{ "type":"b", "y":2 }'));
  });
});

describe("refused is", () => {
  const refused = (message: string) =>
    expect.objectContaining({ code: "refused", message: expect.stringContaining(message) });

  test("a plugin with a member cniTap of its own", () => {
    const text = listOf('{"type":"a","cniTap":1}');
    expect(() => patch(read(text), wrapping())).toThrow(
      refused("its plugin a has a member cniTap of its own"),
    );
    expect(patch(read(text), wrapping({}, ["b"]))).toBe(text);
  });

  test.each(["", ',"cniTap":5', ',"cniTap":{}', ',"cniTap":{"type":""}', ',"cniTap":{"type":"cni_wrap"}'])(
    "to unwrap a wrapper that names no plugin: %s",
    (member) => {
      const text = listOf('{"type":"a"}', `{"type":"cni_wrap"${member}}`);
      const message = "its plugin 2 is a cni_wrap that names no plugin to wrap";
      expect(() => patch(read(text), NO_TAPS)).toThrow(refused(message));
      expect(() => patch(read(text), wrapping())).toThrow(refused(message));
      expect(() => withoutTaps(read(text))).toThrow(refused(message));
    },
  );
});

import { describe, expect, test } from "vitest";
import { asByteString } from "../../src/log/byte-string.ts";
import type { Span } from "../../src/log/call-line.ts";
import { readStanzaSettings, STANZA_KEYS, type StanzaSettings } from "../../src/tap/stanza-settings.ts";

function read(values: Record<string, string>): StanzaSettings {
  const all = Object.values(values).join("");
  const place = (key: string): Span | null => {
    let at = 0;
    for (const [name, value] of Object.entries(values)) {
      if (name === key) return { start: at, end: at + value.length };
      at += value.length;
    }
    return null;
  };
  return readStanzaSettings(place, ({ start, end }) => asByteString(all.slice(start, end)));
}

test("an empty stanza gives the defaults", () => {
  expect(read({})).toEqual({
    target: {
      logFile: "/tmp/cni.log",
      lockFile: "/var/run/lock/cni.lock",
      lockTimeoutMs: 200,
      logMaxBytes: 104857600,
    },
    logFormat: "classic",
    logStatus: false,
    redact: true,
    label: null,
    complaints: [],
  });
});

test("every key is read", () => {
  const stanza = read({
    logFile: '"/var/log/\\u00e9.log"',
    lockFile: '"/run/x.lock"',
    logFormat: '"js\\u006fn"',
    lockTimeoutMs: "5e3",
    logMaxBytes: "9007199254740992",
    logStatus: "true",
    redact: "false",
    label: '"rack 7"',
  });
  expect(stanza.target).toEqual({
    logFile: "/var/log/\u00c3\u00a9.log",
    lockFile: "/run/x.lock",
    lockTimeoutMs: 5000,
    logMaxBytes: 2 ** 53,
  });
  expect(stanza).toMatchObject({ logFormat: "json", logStatus: true, redact: false, complaints: [] });
  expect(stanza.label).not.toBeNull();
});

describe("a path", () => {
  const path = (bytes: number) => `/${"x".repeat(bytes - 1)}`;
  const escaped = (text: string) =>
    text.replace(/./gs, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

  test.each(["logFile", "lockFile"] as const)("in %s has at most 4,095 bytes, plain or escaped", (key) => {
    for (const spelt of [(text: string) => text, escaped]) {
      const longest = read({ [key]: `"${spelt(path(4095))}"` });
      expect(longest.complaints).toEqual([]);
      expect(longest.target[key]).toBe(path(4095));
      const tooLong = read({ [key]: `"${spelt(path(4096))}"` });
      expect(tooLong.complaints).toEqual([
        `Cannot use ${key}: wants an absolute path under 4096 bytes, saw a string`,
      ]);
      expect(tooLong.target[key]).toBe(read({}).target[key]);
    }
  });

  test.each(["logFile", "lockFile"] as const)("in %s must not hold a NUL", (key) => {
    expect(read({ [key]: '"/a\\u0000"' }).complaints).toHaveLength(1);
  });

  test("is measured in bytes, not in characters", () => {
    expect(read({ logFile: `"/${"\u00c3\u00a9".repeat(2047)}"` }).complaints).toEqual([]);
    expect(read({ logFile: `"/${"\\u00e9".repeat(2047)}"` }).complaints).toEqual([]);
    expect(read({ logFile: `"/${"\\u00e9".repeat(2048)}"` }).complaints).toHaveLength(1);
  });
});

describe("a wrong value costs a complaint with its key and type, and the default is used", () => {
  const wrong: Record<(typeof STANZA_KEYS)[number], [value: string, type: string][]> = {
    logFile: [
      ['"relative"', "a string"],
      ['"/a\\u0000b"', "a string"],
      [`"/${"x".repeat(5000)}"`, "a string"],
      ["1", "a number"],
      ["{}", "an object"],
    ],
    lockFile: [
      ['""', "a string"],
      ["[]", "an array"],
      ["null", "null"],
    ],
    logFormat: [
      ['"JSON"', "a string"],
      ["true", "a boolean"],
    ],
    lockTimeoutMs: [
      ["5001", "a number"],
      ["-1", "a number"],
      ["0.5", "a number"],
      ["1e999", "a number"],
      ['"200"', "a string"],
    ],
    logMaxBytes: [
      ["9007199254740994", "a number"],
      ["-0.1", "a number"],
      ["false", "a boolean"],
    ],
    logStatus: [
      ["1", "a number"],
      ['"true"', "a string"],
    ],
    redact: [
      ["0", "a number"],
      ["null", "null"],
      ['"no"', "a string"],
    ],
    label: [
      ["7", "a number"],
      ["{}", "an object"],
    ],
  };
  for (const key of STANZA_KEYS) {
    test.each(wrong[key])(`${key}: %s`, (value, type) => {
      const { complaints, ...rest } = read({ [key]: value });
      const { complaints: _none, ...defaults } = read({});
      expect(rest).toEqual(defaults);
      expect(complaints).toHaveLength(1);
      expect(complaints[0]).toMatch(new RegExp(`^Cannot use ${key}: wants .*, saw ${type}$`));
    });
  }
});

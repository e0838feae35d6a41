import fc from "fast-check";
import { afterEach, describe, expect, it, test, vi } from "vitest";
import { type Level, logrusLine } from "../../src/nri/logrus.ts";

const moment = { timeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678), sinceStartMs: 61_999 };
const PAINTED_LENGTH = "\x1b[36mINFO   \x1b[0m".length;
const levels: readonly Level[] = ["debug", "info", "warning", "error", "fatal"];

afterEach(() => vi.unstubAllEnvs());

describe("a line for a terminal", () => {
  it("is what logrus writes", () => {
    expect(logrusLine("info", "Started plugin 10-network-logger...", "colour", moment)).toBe(
      `\x1b[36mINFO   \x1b[0m[0061] ${"Started plugin 10-network-logger...".padEnd(44)} \n`,
    );
    expect(logrusLine("warning", "x", "colour", moment)).toBe(
      `\x1b[33mWARNING\x1b[0m[0061] x${" ".repeat(43)} \n`,
    );
    expect(logrusLine("error", "x".repeat(50), "colour", moment)).toBe(
      `\x1b[31mERROR  \x1b[0m[0061] ${"x".repeat(50)} \n`,
    );
  });

  it("has no colours if none are wanted", () => {
    expect(logrusLine("info", "x", "plain", { ...moment, sinceStartMs: 0 })).toBe(
      `INFO   [0000] x${" ".repeat(43)} \n`,
    );
  });

  it("has all digits of the seconds since the start", () => {
    expect(logrusLine("info", "x", "plain", { ...moment, sinceStartMs: 123_456_789 })).toContain("[123456] ");
  });
});

describe("a line for a file or pipe", () => {
  const message = (text: string) =>
    logrusLine("info", text, "fields", moment).replace(/^time="[^"]+" level=info msg=/, "");

  it.each([
    ["UTC", "2026-01-02T03:04:05Z"],
    ["Asia/Kolkata", "2026-01-02T08:34:05+05:30"],
    ["America/St_Johns", "2026-01-01T23:34:05-03:30"],
    ["America/Los_Angeles", "2026-01-01T19:04:05-08:00"],
    ["Pacific/Chatham", "2026-01-02T16:49:05+13:45"],
  ])("has the time of the zone %s as %s", (zone, time) => {
    vi.stubEnv("TZ", zone);
    expect(logrusLine("warning", "a b", "fields", moment)).toBe(`time="${time}" level=warning msg="a b"\n`);
  });

  // As fmt.Sprintf("%q") of Go 1.24 quotes them.
  it.each([
    ["a b", '"a b"'],
    ["harmless-_./@^+09AZ", "harmless-_./@^+09AZ"],
    ['say "hi"', '"say \\"hi\\""'],
    ["back\\slash", '"back\\\\slash"'],
    ["a,b", '"a,b"'],
    ["\x07\b\f\n\r\t\v", '"\\a\\b\\f\\n\\r\\t\\v"'],
    ["\0\x1b[31m\x7f", '"\\x00\\x1b[31m\\x7f"'],
    ["\x80\x9b\u00a0\u00ad", '"\\u0080\\u009b\\u00a0\\u00ad"'],
    ["\u200b\u202e\u2028\ufeff\u3000", '"\\u200b\\u202e\\u2028\\ufeff\\u3000"'],
    ["\ue000\u{f0000}\u{e0001}\uffff", '"\\ue000\\U000f0000\\U000e0001\\uffff"'],
    ["é世😀e\u0301", '"é世😀e\u0301"'],
    ["☃", '"☃"'],
  ])("quotes %j as Go does", (text, quoted) => {
    expect(message(text)).toBe(`${quoted}\n`);
  });
});

describe("fields", () => {
  const fields = { pod: "web-0", container: "a b", name: "", idx: "10" };
  it("follow the message, sorted by name, and quoted like it", () => {
    expect(logrusLine("debug", "create container", "fields", moment, fields)).toMatch(
      / level=debug msg="create container" container="a b" idx=10 name= pod=web-0\n$/,
    );
    expect(logrusLine("info", "", "fields", moment, { idx: "10" })).toMatch(/ level=info idx=10\n$/);
  });

  it("have names in the colour of the level on a terminal", () => {
    expect(logrusLine("debug", "x", "colour", moment, { a: "1", b: "\x1b" })).toBe(
      `\x1b[37mDEBUG  \x1b[0m[0061] x${" ".repeat(43)}  \x1b[37ma\x1b[0m=1 \x1b[37mb\x1b[0m="\\x1b"\n`,
    );
  });
});

test("a line of any message is one line without control sequences for a terminal", () => {
  const any = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));
  fc.assert(
    fc.property(fc.constantFrom(...levels), any, (level, text) => {
      for (const look of ["colour", "plain", "fields"] as const) {
        const line = logrusLine(level, text, look, moment);
        const own = look === "colour" ? PAINTED_LENGTH : 0;
        expect(line.slice(own)).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]*\n$/u);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("a quoted message of ASCII can be read back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
      const quoted = /msg=(.*)\n$/s.exec(logrusLine("info", ` ${text}`, "fields", moment))?.[1] ?? "";
      const json = quoted.replace(/\\(x[0-9a-f]{2}|.)/gs, (whole, seen: string) => {
        if (seen.startsWith("x")) return `\\u00${seen.slice(1)}`;
        return seen === "a" ? "\\u0007" : seen === "v" ? "\\u000b" : whole;
      });
      expect(JSON.parse(json)).toBe(` ${text}`);
    }),
  );
});

import fc from "fast-check";
import { expect, it, test } from "vitest";
import { readSettings } from "../../src/observe/observer-settings.ts";

/** A text as a byte string, as the host has them. */
const bytes = (text: string) => Buffer.from(text).toString("latin1");

const DEFAULTS = {
  target: {
    ...{ logFile: "/tmp/cni.log", lockFile: "/var/run/lock/cni.lock" },
    ...{ lockTimeoutMs: 200, logMaxBytes: 104857600 },
  },
  ...{ logFormat: "classic", redact: true, label: null },
} as const;

test("no keys give the defaults", () => {
  expect(readSettings({})).toEqual({ settings: DEFAULTS, complaints: [] });
});

test("all keys of a stanza are accepted, and those for taps' calls only have no effect", () => {
  const keys = {
    ...{ logFile: "/x/ü.log", lockFile: "/x/lock", logFormat: "json", logMaxBytes: 0, redact: false },
    ...{ label: "nöde", lockTimeoutMs: 5, logStatus: true, type: "cni_post", whatever: { a: [1] } },
  };
  expect(readSettings(keys)).toEqual({
    settings: {
      target: {
        ...{ logFile: bytes("/x/ü.log"), lockFile: "/x/lock" },
        ...{ lockTimeoutMs: 5, logMaxBytes: 0 },
      },
      ...{ logFormat: "json", redact: false },
      label: bytes("nöde"),
    },
    complaints: [],
  });
});

it.each([
  ["logFile", "relative", "wants an absolute path under 4096 bytes, saw a string"],
  ["logFile", "/nul\0", "wants an absolute path under 4096 bytes, saw a string"],
  ["logFile", `/${"x".repeat(4096)}`, "wants an absolute path under 4096 bytes, saw a string"],
  ["logFile", ["/x"], "wants an absolute path under 4096 bytes, saw an array"],
  ["lockFile", 5, "wants an absolute path under 4096 bytes, saw a number"],
  ["lockTimeoutMs", 5001, "wants a whole number from 0 to 5000, saw a number"],
  ["logFormat", "xml", 'wants "classic" or "json", saw a string'],
  ["logFormat", null, 'wants "classic" or "json", saw null'],
  ["logMaxBytes", -1, "wants a whole number from 0 to 2^53, saw a number"],
  ["logMaxBytes", 1.5, "wants a whole number from 0 to 2^53, saw a number"],
  ["logMaxBytes", "1", "wants a whole number from 0 to 2^53, saw a string"],
  ["redact", "no", "wants true or false, saw a string"],
  ["label", true, "wants a string, saw a boolean"],
  ["label", { a: "secret" }, "wants a string, saw an object"],
] as const)("a wrong %s (%j) costs one complaint, and the default is used", (key, value, words) => {
  expect(readSettings({ [key]: value })).toEqual({
    settings: DEFAULTS,
    complaints: [`Cannot use ${key}: ${words}`],
  });
});

test("circular, deep or non-JSON values do no harm", () => {
  const endless: Record<string, unknown> = { logFormat: "json" };
  Object.assign(endless, { itself: endless, label: endless, big: 10n });
  let deep: unknown = [];
  for (let i = 0; i < 100_000; i++) deep = [deep];
  expect(readSettings({ ...endless, logFile: deep, other: deep })).toEqual({
    settings: { ...DEFAULTS, logFormat: "json" },
    complaints: [
      "Cannot use logFile: wants an absolute path under 4096 bytes, saw an array",
      "Cannot use label: wants a string, saw an object",
    ],
  });
});

test("any keys give valid settings, and no complaint shows a value", () => {
  const name = fc.constantFrom(
    "logFile",
    "logFormat",
    "logMaxBytes",
    "redact",
    "label",
    "lockFile",
    "__proto__",
  );
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom("/SECRET", "SECRET", "json"));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), (pairs) => {
      const { settings, complaints } = readSettings(Object.fromEntries(pairs));
      expect(settings.target.logFile).toMatch(/^\//);
      expect(["classic", "json"]).toContain(settings.logFormat);
      expect(settings.target.logMaxBytes).toBeGreaterThanOrEqual(0);
      expect(complaints.join()).not.toContain("SECRET");
    }),
    { numRuns: 500 },
  );
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readJournalLine } from "../../src/story/journal.ts";

const ID = "945eb5877bf0434c8f54607495b66641148bce2bd610dc7f8980420506570634";
const MESSAGE =
  'time="2026-11-21T18:50:40.300123456Z" level=error msg="RunPodSandbox for &PodSandboxMetadata{Name:web-1,} failed, error" ' +
  `error="failed to setup network for sandbox \\"${ID}\\": plugin type=\\"bridge\\" failed (add)"`;
const READ = {
  timeMs: Date.parse("2026-11-21T18:50:40.300Z"),
  program: "containerd",
  level: "error",
  text: `RunPodSandbox for &PodSandboxMetadata{Name:web-1,} failed, error: failed to setup network for sandbox "${ID}": plugin type="bridge" failed (add)`,
};

describe("readJournalLine reads containerd's line", () => {
  test("of journalctl -o json", () => {
    const entry = { __REALTIME_TIMESTAMP: "1795287040300200", SYSLOG_IDENTIFIER: "containerd", MESSAGE };
    expect(readJournalLine(JSON.stringify(entry), ID)).toEqual(READ);
  });

  test("of journalctl's text, and of a file of its own", () => {
    expect(readJournalLine(`Nov 21 18:50:40 node-1 containerd[812]: ${MESSAGE}`, ID)).toEqual(READ);
    expect(readJournalLine(MESSAGE, ID)).toEqual({ ...READ, program: null });
  });
});

test("a line in another form is shown as it is, at the journal's time", () => {
  const entry = {
    __REALTIME_TIMESTAMP: "1795287040300200",
    SYSLOG_IDENTIFIER: "kubelet",
    MESSAGE: `E1121 ${ID} gone`,
  };
  const timeMs = 1795287040300.2;
  expect(readJournalLine(JSON.stringify(entry), ID)).toEqual({
    ...{ timeMs, program: "kubelet", level: null, text: `E1121 ${ID} gone` },
  });
});

test("lines about other containers, and those of no text, are not read", () => {
  expect(readJournalLine(MESSAGE, "0".repeat(64))).toBe(null);
  expect(readJournalLine(MESSAGE, "")).toBe(null);
  expect(readJournalLine(JSON.stringify({ MESSAGE: [1, 2], UNIT: ID }), ID)).toBe(null);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      readJournalLine(text, text.slice(0, 3));
      readJournalLine(`{${text}`, text.slice(0, 3));
    }),
  );
});

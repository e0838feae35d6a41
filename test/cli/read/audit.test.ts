import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { podLine, tapLine } from "../../story/support.ts";
import { useScratch } from "../../support/scratch.ts";
import { cnitap } from "../support/host.ts";

const failing = (n: number, pod = `default/web-${n}`) => {
  const about = { id: `c${n}`, pod };
  return [
    tapLine("ADD", "pre", { at: n * 100, ...about }),
    tapLine("DEL", "post", { at: n * 100 + 20, ...about }),
  ];
};
const FINE = [
  tapLine("ADD", "pre", { at: 0, id: "f", pod: "default/fine" }),
  tapLine("ADD", "post", { at: 20, id: "f", pod: "default/fine" }),
];

function useLog(lines: readonly string[]): string {
  const path = useScratch().path("cni.log");
  writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
  return path;
}

const audit = (lines: readonly string[], ...args: readonly string[]) =>
  cnitap("audit", "--log-file", useLog(lines), ...args);

describe("cnitap audit", () => {
  test("says what went wrong, where, and what to do", async () => {
    const { code, out, err } = await audit([...FINE, ...failing(1)]);
    expect([code, err]).toEqual([3, ""]);
    expect(out).toBe(
      [
        "error    add-failed  The ADD of default/web-1 in network net failed: a plugin between cni_pre and cni_post failed",
        "                     lines 3, 4",
        "                     cnitap show default/web-1 prints the command that finds the plugin's words in the runtime's journal; cnitap install --mode wrap logs them.",
        "",
        "The log has: json, cni_pre, cni_post. Not looked for:",
        "  plugin-died, call-killed, empty-result, quiet-failure, result-lost, delegate-left: needs cni_wrap",
        "  leak, untapped: needs the observer in the json format, with cni_post or cni_wrap",
        "  ip-mismatch: needs the observer, with cni_post or cni_wrap",
        "",
      ].join("\n"),
    );
  });

  test("shows findings of the same kind as one", async () => {
    const { out } = await audit([...FINE, ...failing(1), ...failing(2), ...failing(3), ...failing(4)]);
    expect(out).toContain(
      "4 pods of net: a plugin between cni_pre and cni_post failed, first default/web-1 at 2026-11-21T12:00:00Z\n",
    );
    expect(out).toContain(" lines 3, 4, 5, 6, 7, 8 and 2 more\n");
    expect(out.match(/add-failed/g)).toHaveLength(1);
  });

  test("prints one object a line with --json, and its sources on stderr", async () => {
    const { code, out, err } = await audit([...FINE, ...failing(1), ...failing(2)], "--json");
    expect(code).toBe(3);
    const found = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(found).toHaveLength(2);
    expect(found[0]).toEqual({
      ...{ code: "add-failed", severity: "error", containerId: "c1", namespace: "default", name: "web-1" },
      ...{ network: "net", plugin: null, lines: [3, 4], files: [] },
      sentence:
        "The ADD of default/web-1 in network net failed: a plugin between cni_pre and cni_post failed",
      advice: expect.stringContaining("cnitap show default/web-1"),
    });
    expect(err).toMatch(/^The log has: json, cni_pre, cni_post\. Not looked for:\n/);
  });

  test("finds nothing in a healthy log, and a warning is no error", async () => {
    expect(await audit(FINE)).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringMatching(/^The log has: json/),
    });
    expect(await audit([])).toMatchObject({ code: 0, out: expect.stringContaining("no line of cni-tap") });
    const slow = await audit(FINE, "--slow", "10");
    expect(slow).toMatchObject({ code: 0, out: expect.stringContaining("warning  slow  ") });
  });

  test("--stuck says when what has not ended is stuck", async () => {
    const lines = [
      ...FINE,
      tapLine("ADD", "pre", { at: 100 }),
      podLine("Synchronize", { at: 5000, id: "o" }),
    ];
    expect((await audit(lines)).code).toBe(0);
    expect((await audit(lines, "--stuck", "4")).code).toBe(3);
  });

  test("escapes what a tenant may have written", async () => {
    const pod = "default/\u001b[31m\u2028x\u0085\n";
    const { out } = await audit([...FINE, ...failing(1, pod)]);
    expect(out).toContain("default/\\x1b[31m\\u2028x\\u0085  in");
    const { out: json } = await audit([...FINE, ...failing(1, pod)], "--json");
    expect(json).not.toMatch(/[\u0080-\u009f\u2028]/);
    expect(JSON.parse(json).name).toBe(pod.slice("default/".length));
  });

  test("bytes of UTF-8 are shown as such", async () => {
    const { out } = await audit([...FINE, ...failing(1, "default/käse-✓")]);
    expect(out).toContain("The ADD of default/käse-✓ in network net");
  });

  test.each([
    ["--stuck", "soon"],
    ["--slow", "-1"],
    ["--slow", ""],
  ])("%s %j is wrong usage", async (...args) => {
    expect(await audit(FINE, ...args)).toMatchObject({ code: 2, out: "" });
  });

  test("fails for a log that is not there", async () => {
    const path = useScratch().path("none.log");
    const { code, err } = await cnitap("audit", "--log-file", path);
    expect([code, err.split("\n")[0]]).toEqual([1, `cnitap: Cannot read ${path}: it is not there`]);
  });

  test("--help has an example", async () => {
    const { code, out } = await cnitap("audit", "--help");
    expect(code).toBe(0);
    expect(out).toContain("$ cnitap audit");
  });
});

import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { beginLine, endLine, tapLine } from "../../story/support.ts";
import { type Scratch, useScratch } from "../../support/scratch.ts";
import { cnitap } from "../support/host.ts";

const FAILED = [
  tapLine("ADD", "pre", { at: 0 }),
  tapLine("DEL", "post", { at: 900 }),
  tapLine("DEL", "pre", { at: 950 }),
];
const MESSAGE =
  'time="2026-11-21T12:00:00.500Z" level=error msg="RunPodSandbox failed" error="plugin type=calico: c1"';

function writeLog(scratch: Scratch, lines: readonly string[]): string {
  const path = scratch.path("cni.log");
  writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
  return path;
}

const show = (path: string, ...args: readonly string[]) =>
  cnitap("show", "web-0", "--brief", "--log-file", path, ...args);

describe("cnitap show", () => {
  test("puts the lines of a journal's text in their place, and does not ask for it then", async () => {
    const scratch = useScratch();
    writeFileSync(
      scratch.path("journal"),
      `Nov 21 12:00:00 node-1 containerd[8]: ${MESSAGE}\nabout another one\nc1 without a time\n`,
    );
    const { out, code } = await show(writeLog(scratch, FAILED), "--journal-file", scratch.path("journal"));
    expect(code).toBe(0);
    const [begin, said, end, late] = [
      "ADD begins",
      "500.0 ms  journal containerd error",
      "DEL begins",
      "c1 without a time",
    ].map((text) => out.indexOf(text));
    expect([begin, said, end, late].every((at) => (at ?? -1) >= 0)).toBe(true);
    expect(begin).toBeLessThan(said ?? 0);
    expect(said).toBeLessThan(end ?? 0);
    expect(end).toBeLessThan(late ?? 0);
    expect(out).toContain("RunPodSandbox failed: plugin type=calico: c1");
    expect(out).not.toContain("journalctl");
  });

  test("asks journalctl for the time of the story, where that is there", async () => {
    const scratch = useScratch();
    mkdirSync(scratch.path("bin"));
    const entry = JSON.stringify({
      __REALTIME_TIMESTAMP: "1795262400500000",
      SYSLOG_IDENTIFIER: "containerd",
      MESSAGE,
    });
    // The tests' machines have no journal: what journalctl is asked and what comes of its answer is what is tested.
    const script = `#!/bin/sh\necho "$@" >"${scratch.path("asked")}"\nprintf '%s\\n' '${entry}'\n`;
    writeFileSync(scratch.path("bin/journalctl"), script, { mode: 0o755 });
    vi.stubEnv("PATH", `${scratch.path("bin")}:${process.env.PATH}`);
    const path = writeLog(scratch, FAILED);
    const { out } = await show(path, "--journal");
    vi.unstubAllEnvs();
    expect(out).toContain("RunPodSandbox failed: plugin type=calico: c1");
    expect((await show(path)).out).toContain("cnitap install --mode wrap"); // a log from elsewhere has no journal here
  });

  test("goes on where there is no journalctl, and fails where the text cannot be read", async () => {
    const scratch = useScratch();
    const path = writeLog(scratch, FAILED);
    vi.stubEnv("PATH", scratch.path("empty"));
    expect((await show(path, "--journal")).out).toContain(
      "journalctl --since '2026-11-21 11:59:59 UTC' | grep c1\n",
    );
    vi.unstubAllEnvs();
    expect(await show(path, "--journal-file", scratch.path("none"))).toMatchObject({
      code: 1,
      err: expect.stringContaining("none: it is not there"),
    });
  });

  test("ends with what is wrong, and what to do", async () => {
    const lines = [
      beginLine("ADD", "calico", { at: 0 }),
      endLine("ADD", "calico", { at: 4 }, { exit: 1, output: null }),
    ];
    const path = writeLog(useScratch(), [...lines, ...FAILED.slice(1)]);
    expect((await show(path)).out).toMatch(/\nerror {2}add-failed {2}The ADD of default\/web-0 .*calico/);
    const story = JSON.parse((await show(path, "--json")).out);
    expect(story.findings).toMatchObject([{ code: "add-failed", plugin: "calico", name: "web-0" }]);
  });
});

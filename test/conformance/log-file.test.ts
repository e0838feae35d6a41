import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { expect, test } from "vitest";
import { expectComplaint } from "../support/complaint.ts";
import { classicLine } from "../support/log-lines.ts";
import { roles, runTap } from "../support/run-tap.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

const add = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
const body = '{"cniVersion":"1.0.0"}';
const reply = '{"cniVersion":"1.0.0"}';
const isRoot = process.getuid?.() === 0;

function write(path: string, text: string, mode: number): void {
  writeFileSync(path, text);
  chmodSync(path, mode);
}

/** What may lie at the log's path; a tap writes into none of them. */
const planted: Readonly<Record<string, (scratch: Scratch) => void>> = {
  "a symbolic link": ({ path, logFile }) => {
    write(path("target"), "precious\n", 0o600);
    symlinkSync(path("target"), logFile);
  },
  "a symbolic link to nothing": ({ path, logFile }) => symlinkSync(path("nothing"), logFile),
  "a FIFO": ({ logFile }) => void execFileSync("mkfifo", ["-m", "600", logFile]),
  "a directory": ({ logFile }) => mkdirSync(logFile),
  "a file with a second name": ({ path, logFile }) => {
    write(path("target"), "precious\n", 0o600);
    linkSync(path("target"), logFile);
  },
  "a file that its group may write": ({ logFile }) => write(logFile, "precious\n", 0o620),
  "a file that all may write": ({ logFile }) => write(logFile, "precious\n", 0o602),
};

function look(path: string): string {
  const { ino, mode, size, uid, nlink, mtimeMs } = lstatSync(path);
  return JSON.stringify({ ino, mode, size, uid, nlink, mtimeMs });
}

for (const role of roles) {
  test(`cni_${role} creates the log with mode 0600`, async () => {
    const scratch = useScratch();
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body), shell: "umask 0" });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(statSync(scratch.logFile).mode & 0o7777).toBe(0o600);
  });

  test(`cni_${role} appends to a log that others may read`, async () => {
    const scratch = useScratch();
    write(scratch.logFile, "first\n", 0o644);
    const stdin = stanza(scratch, body);
    expect(await runTap({ role, env: add, stdin })).toMatchObject({ code: 0, stderr: "" });
    expect(scratch.lines()).toEqual(["first", classicLine("ADD", "c1", "input", stdin)]);
  });

  for (const [what, plant] of Object.entries(planted)) {
    test(`cni_${role} does not write into ${what} in the log's place, and still answers`, async () => {
      const scratch = useScratch();
      plant(scratch);
      const before = look(scratch.logFile);
      const run = await runTap({ role, env: add, stdin: stanza(scratch, body) });
      expect(run.code).toBe(0);
      expect(run.stdout.toString()).toBe(reply);
      expectComplaint(run, role);
      expect(look(scratch.logFile)).toBe(before);
      expect(scratch.names()).not.toContain("nothing");
      if (scratch.names().includes("target"))
        expect(readFileSync(scratch.path("target"), "utf8")).toBe("precious\n");
    });
  }

  test.skipIf(!isRoot)(`cni_${role} does not write into another user's file (needs root)`, async () => {
    const scratch = useScratch();
    write(scratch.logFile, "precious\n", 0o600);
    chownSync(scratch.logFile, 65_534, 65_534);
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body) });
    expect(run.code).toBe(0);
    expect(run.stdout.toString()).toBe(reply);
    expectComplaint(run, role);
    expect(scratch.lines()).toEqual(["precious"]);
  });

  for (const [what, path] of [
    ["a missing directory", "/no/such/folder/cni.log"],
    ["a device", "/dev/full"],
    ["the root directory", "/"],
  ] as const) {
    test(`cni_${role} with ${what} in logFile complains once and answers`, async () => {
      const scratch = useScratch();
      const run = await runTap({ role, env: add, stdin: stanza(scratch, body, { logFile: path }) });
      expect(run.code).toBe(0);
      expect(run.stdout.toString()).toBe(reply);
      expectComplaint(run, role);
    });
  }

  test(`cni_${role} reports faults of log, lock and stanza in one line`, async () => {
    const scratch = useScratch();
    mkdirSync(scratch.logFile);
    mkdirSync(scratch.lockFile);
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body, { label: 7 }) });
    expect(run.code).toBe(0);
    expect(run.stdout.toString()).toBe(reply);
    expectComplaint(run, role, "label");
  });

  test(`a DEL of cni_${role} succeeds although the log is a directory`, async () => {
    const scratch = useScratch();
    mkdirSync(scratch.logFile);
    const stdin = stanza(scratch, body, { logFormat: "json" });
    const run = await runTap({ role, env: { ...add, CNI_COMMAND: "DEL" }, stdin });
    expect(run.code).toBe(0);
    expect(run.stdout.toString()).toBe("");
    expectComplaint(run, role);
  });

  test(`cni_${role} begins a new line after an incomplete one`, async () => {
    const scratch = useScratch();
    write(scratch.logFile, "whole\nhalf a li", 0o600);
    const stdin = stanza(scratch, body);
    await runTap({ role, env: add, stdin });
    expect(scratch.lines()).toEqual(["whole", "half a li", classicLine("ADD", "c1", "input", stdin)]);
  });

  test(`cni_${role} complains if the log cannot grow, and answers`, async () => {
    const scratch = useScratch();
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body), shell: "ulimit -f 0" });
    expect(run).toMatchObject({ code: 0, signal: null });
    expect(run.stdout.toString()).toBe(reply);
    expectComplaint(run, role);
  });

  test(`cni_${role} complains about a line that was cut short, and begins the next one on a new line`, async () => {
    const scratch = useScratch();
    const first = `${"x".repeat(490)}\n`;
    write(scratch.logFile, first, 0o600);
    const stdin = stanza(scratch, body);
    // The shell counts in blocks of 512 bytes: 21 are left.
    const cut = await runTap({ role, env: add, stdin, shell: "ulimit -f 1" });
    expect(cut).toMatchObject({ code: 0, signal: null });
    expect(cut.stdout.toString()).toBe(reply);
    expectComplaint(cut, role);
    const half = scratch.log().subarray(first.length).toString();
    const whole = classicLine("ADD", "c1", "input", stdin);
    expect(half).toBe(whole.slice(0, 21));
    await runTap({ role, env: add, stdin });
    expect(scratch.lines()).toEqual([first.slice(0, -1), half, whole]);
  });
}

import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { expectComplaint } from "../support/complaint.ts";
import { holdLock } from "../support/hold-lock.ts";
import { classicLine } from "../support/log-lines.ts";
import { roles, runTap } from "../support/run-tap.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

const add = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
const body = '{"cniVersion":"1.0.0"}';
const reply = '{"cniVersion":"1.0.0"}';

/** Writes a log of this many bytes, as one line. */
function fill(scratch: Scratch, bytes: number): string {
  const text = `${"o".repeat(bytes - 1)}\n`;
  writeFileSync(scratch.logFile, text, { mode: 0o600 });
  return text;
}

/** A log beside which no new file can be made: its name with an ending is longer than 255 bytes. */
const UNROTATABLE = { log: `${"l".repeat(246)}.log`, lock: "cni.lock" };

for (const role of roles) {
  test(`cni_${role} rotates a log over logMaxBytes`, async () => {
    const scratch = useScratch();
    const old = fill(scratch, 1_001);
    const before = statSync(scratch.logFile).ino;
    const stdin = stanza(scratch, body, { logMaxBytes: 1_000 });
    const run = await runTap({ role, env: add, stdin, shell: "umask 0" });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
    expect(readFileSync(`${scratch.logFile}.1`, "utf8")).toBe(old);
    expect(statSync(`${scratch.logFile}.1`).ino).toBe(before);
    expect(statSync(scratch.logFile).mode & 0o7777).toBe(0o600);
    expect(scratch.names()).toEqual(["cni.lock", "cni.log", "cni.log.1"]);
  });

  test(`cni_${role} keeps only one old log`, async () => {
    const scratch = useScratch();
    writeFileSync(`${scratch.logFile}.1`, "older\n", { mode: 0o600 });
    const old = fill(scratch, 2_000);
    await runTap({ role, env: add, stdin: stanza(scratch, body, { logMaxBytes: 1_000 }) });
    expect(readFileSync(`${scratch.logFile}.1`, "utf8")).toBe(old);
    expect(scratch.names()).toEqual(["cni.lock", "cni.log", "cni.log.1"]);
  });

  for (const [what, bytes, logMaxBytes] of [
    ["as large as logMaxBytes", 1_000, 1_000],
    ["of any size if logMaxBytes is 0", 100_000, 0],
  ] as const) {
    test(`cni_${role} appends to a log ${what}`, async () => {
      const scratch = useScratch();
      const old = fill(scratch, bytes);
      const run = await runTap({ role, env: add, stdin: stanza(scratch, body, { logMaxBytes }) });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(scratch.log().toString().startsWith(old)).toBe(true);
      expect(scratch.lines()).toHaveLength(2);
      expect(scratch.names()).toEqual(["cni.lock", "cni.log"]);
    });
  }

  test(`cni_${role} does not rotate a log that another process has locked, and appends to it`, async () => {
    const scratch = useScratch();
    fill(scratch, 1_500);
    await holdLock(scratch.logFile);
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body, { logMaxBytes: 1_000 }) });
    expect(run.code).toBe(0);
    expect(run.stdout.toString()).toBe(reply);
    expect(scratch.lines()).toHaveLength(2);
    expect(scratch.names()).toEqual(["cni.lock", "cni.log"]);
  });

  test(`cni_${role} that cannot move the log complains, appends, and leaves nothing behind`, async () => {
    const scratch = useScratch(UNROTATABLE);
    fill(scratch, 1_500);
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body, { logMaxBytes: 1_000 }) });
    expect(run.code).toBe(0);
    expect(run.stdout.toString()).toBe(reply);
    expectComplaint(run, role);
    expect(scratch.lines()).toHaveLength(2);
    expect(scratch.names()).toEqual(["cni.lock", UNROTATABLE.log]);
  });

  test(`cni_${role} that cannot move a log of exactly twice logMaxBytes appends`, async () => {
    const scratch = useScratch(UNROTATABLE);
    const old = fill(scratch, 2_000);
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body, { logMaxBytes: 1_000 }) });
    expect(run.code).toBe(0);
    expectComplaint(run, role, "Cannot rotate logFile");
    expect(run.stderr).not.toContain("dropped");
    expect(scratch.log().toString().startsWith(old)).toBe(true);
    expect(scratch.lines()).toHaveLength(2);
  });

  test(`cni_${role} that cannot move a log over twice logMaxBytes drops the line and says so`, async () => {
    const scratch = useScratch(UNROTATABLE);
    const old = fill(scratch, 2_001);
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body, { logMaxBytes: 1_000 }) });
    expect(run.code).toBe(0);
    expect(run.stdout.toString()).toBe(reply);
    expectComplaint(run, role);
    expect(scratch.log().toString()).toBe(old);
    expect(scratch.names()).toEqual(["cni.lock", UNROTATABLE.log]);
  });

  test(`cni_${role} rotates a log that others may read, although one of them holds its lock for ever`, async () => {
    const scratch = useScratch();
    const old = fill(scratch, 1_500);
    chmodSync(scratch.logFile, 0o644);
    await holdLock(scratch.logFile);
    const call = { role, env: add, stdin: stanza(scratch, body, { logMaxBytes: 1_000, lockTimeoutMs: 50 }) };
    const runs = await Promise.all([runTap(call), runTap(call)]);
    for (const run of runs) expect(run.stdout.toString()).toBe(reply);
    expect(readFileSync(`${scratch.logFile}.1`, "utf8").startsWith(old)).toBe(true);
    expect(scratch.names()).toEqual(["cni.lock", "cni.log", "cni.log.1"]);
    // One of them had the lock file and rotated; the other may have written before that, without it.
    const both = scratch.log().toString() + readFileSync(`${scratch.logFile}.1`, "utf8");
    expect(both.split("\n").filter((line) => line.startsWith("CNI_COMMAND="))).toHaveLength(2);
    expect(statSync(scratch.logFile).mode & 0o7777).toBe(0o600);
  });

  test(`cni_${role} waits for no lock of a log that others may read while it has room`, async () => {
    const scratch = useScratch();
    fill(scratch, 500);
    chmodSync(scratch.logFile, 0o644);
    await holdLock(scratch.logFile);
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body, { logMaxBytes: 1_000 }) });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(scratch.lines()).toHaveLength(2);
    expect(statSync(scratch.logFile).mode & 0o7777).toBe(0o644);
  });

  test.each([
    ["an empty directory", false],
    ["a directory that is not empty", true],
  ])(`cni_${role} rotates although %s was planted at the old log's name`, async (_, filled) => {
    const scratch = useScratch();
    mkdirSync(`${scratch.logFile}.1`);
    if (filled) writeFileSync(`${scratch.logFile}.1/x`, "");
    const old = fill(scratch, 1_500);
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body, { logMaxBytes: 1_000 }) });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(scratch.lines()).toHaveLength(1);
    expect(readFileSync(`${scratch.logFile}.1`, "utf8")).toBe(old);
    expect(scratch.names().filter((name) => /[0-9a-f]{16}$/.test(name))).toHaveLength(filled ? 1 : 0);
  });

  test(`cni_${role} does not rotate a log that it would not write to`, async () => {
    const scratch = useScratch();
    const old = fill(scratch, 1_500);
    const shell = `chmod 0666 ${scratch.logFile}`;
    const run = await runTap({ role, env: add, shell, stdin: stanza(scratch, body, { logMaxBytes: 1_000 }) });
    expectComplaint(run, role);
    expect(scratch.log().toString()).toBe(old);
    expect(scratch.names()).not.toContain("cni.log.1");
  });
}

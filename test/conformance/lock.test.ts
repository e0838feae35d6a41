import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { expect, test } from "vitest";
import { expectComplaint } from "../support/complaint.ts";
import { holdLock, untilOpen } from "../support/hold-lock.ts";
import { roles, runTap, startTap } from "../support/run-tap.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

const add = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
const body = '{"cniVersion":"1.0.0"}';
const reply = '{"cniVersion":"1.0.0"}';
const isRoot = process.getuid?.() === 0;

/** What may lie at the lock's path; a tap neither changes nor uses it. */
const planted: Readonly<Record<string, (scratch: Scratch) => void>> = {
  "a symbolic link": ({ path, lockFile }) => {
    writeFileSync(path("target"), "", { mode: 0o600 });
    symlinkSync(path("target"), lockFile);
  },
  "a symbolic link to nothing": ({ path, lockFile }) => symlinkSync(path("nothing"), lockFile),
  "a FIFO": ({ lockFile }) => void execFileSync("mkfifo", ["-m", "600", lockFile]),
  "a directory": ({ lockFile }) => mkdirSync(lockFile),
  "a file that is not empty": ({ lockFile }) => writeFileSync(lockFile, "precious", { mode: 0o644 }),
  "a file with a second name": ({ path, lockFile }) => {
    writeFileSync(path("other"), "", { mode: 0o644 });
    linkSync(path("other"), lockFile);
  },
};

function look(path: string): string {
  const { ino, mode, size, uid, nlink, mtimeMs } = lstatSync(path);
  return JSON.stringify({ ino, mode, size, uid, nlink, mtimeMs });
}

for (const role of roles) {
  test(`cni_${role} creates the lock file with mode 0600, and leaves it empty`, async () => {
    const scratch = useScratch();
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body), shell: "umask 0" });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(statSync(scratch.lockFile).mode & 0o7777).toBe(0o600);
    expect(readFileSync(scratch.lockFile, "utf8")).toBe("");
  });

  test(`cni_${role} replaces a lock file that others may open, and does not wait for those who hold it`, async () => {
    const scratch = useScratch();
    writeFileSync(scratch.lockFile, "");
    chmodSync(scratch.lockFile, 0o644); // as the article's scripts left it
    await holdLock(scratch.lockFile);
    const before = lstatSync(scratch.lockFile).ino;
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body, { lockTimeoutMs: 5_000 }) });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(statSync(scratch.lockFile).ino).not.toBe(before);
    expect(statSync(scratch.lockFile)).toMatchObject({ size: 0 });
    expect(statSync(scratch.lockFile).mode & 0o7777).toBe(0o600);
    expect(scratch.names()).toEqual(["cni.lock", "cni.log"]);
  });

  test(`cni_${role} waits for the lock, and does not complain when it gets it`, async () => {
    const scratch = useScratch();
    const lock = await holdLock(scratch.lockFile);
    const tap = startTap({ role, env: add, stdin: stanza(scratch, body, { lockTimeoutMs: 5_000 }) });
    tap.end();
    await untilOpen(tap.pid, scratch.lockFile);
    expect(scratch.lines()).toEqual([]);
    await lock.release();
    expect(await tap.done).toMatchObject({ code: 0, stderr: "" });
    expect(scratch.lines()).toHaveLength(1);
  });

  test(`cni_${role} waits for the lock until lockTimeoutMs, then complains and appends`, async () => {
    const scratch = useScratch();
    await holdLock(scratch.lockFile);
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body, { lockTimeoutMs: 300 }) });
    expect(run.code).toBe(0);
    expect(run.stdout.toString()).toBe(reply);
    expectComplaint(run, role);
    expect(scratch.lines()).toHaveLength(1);
    expect(run.ms).toBeGreaterThan(280);
    expect(run.ms).toBeLessThan(2_500);
  });

  test(`cni_${role} with a lockTimeoutMs of 0 does not wait for the lock`, async () => {
    const scratch = useScratch();
    await holdLock(scratch.lockFile);
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body, { lockTimeoutMs: 0 }) });
    expect(run.code).toBe(0);
    expectComplaint(run, role);
    expect(scratch.lines()).toHaveLength(1);
  });

  test(`cni_${role} releases the lock when it ends`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, body, { lockTimeoutMs: 5_000 });
    for (let i = 0; i < 3; i += 1)
      expect(await runTap({ role, env: add, stdin })).toMatchObject({ stderr: "" });
    expect(scratch.lines()).toHaveLength(3);
  });

  for (const [what, plant] of Object.entries(planted)) {
    test(`cni_${role} neither changes nor uses ${what} in the lock's place`, async () => {
      const scratch = useScratch();
      plant(scratch);
      const before = look(scratch.lockFile);
      const names = scratch.names();
      const run = await runTap({ role, env: add, stdin: stanza(scratch, body, { lockTimeoutMs: 5_000 }) });
      expect(run.code).toBe(0);
      expect(run.stdout.toString()).toBe(reply);
      expectComplaint(run, role);
      expect(scratch.lines()).toHaveLength(1);
      expect(look(scratch.lockFile)).toBe(before);
      expect(scratch.names()).toEqual([...names, "cni.log"].sort());
    });
  }

  test(`cni_${role} does not wait for a lock on a file that is not empty`, async () => {
    const scratch = useScratch();
    writeFileSync(scratch.lockFile, "precious");
    await holdLock(scratch.lockFile);
    const stdin = stanza(scratch, body, { lockTimeoutMs: 5_000 });
    const run = await runTap({ role, env: add, stdin, timeoutMs: 4_000 });
    expectComplaint(run, role);
    expect(scratch.lines()).toHaveLength(1);
  });

  test.skipIf(!isRoot)(`cni_${role} does not use another user's lock file (needs root)`, async () => {
    const scratch = useScratch();
    writeFileSync(scratch.lockFile, "", { mode: 0o666 });
    chownSync(scratch.lockFile, 65_534, 65_534);
    const before = look(scratch.lockFile);
    await holdLock(scratch.lockFile);
    const stdin = stanza(scratch, body, { lockTimeoutMs: 5_000 });
    const run = await runTap({ role, env: add, stdin, timeoutMs: 4_000 });
    expectComplaint(run, role);
    expect(scratch.lines()).toHaveLength(1);
    expect(look(scratch.lockFile)).toBe(before);
  });

  test(`cni_${role} complains and appends if the lock's directory is missing`, async () => {
    const scratch = useScratch();
    const lockFile = scratch.path("no/such/folder/cni.lock");
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body, { lockFile }) });
    expect(run.code).toBe(0);
    expect(run.stdout.toString()).toBe(reply);
    expectComplaint(run, role);
    expect(scratch.lines()).toHaveLength(1);
  });

  test(`cni_${role} without a free descriptor for the lock file still answers and logs`, async () => {
    const scratch = useScratch();
    const run = await runTap({ role, env: add, stdin: stanza(scratch, body), shell: "ulimit -n 4" });
    expect(run.code).toBe(0);
    expect(run.stdout.toString()).toBe(reply);
    expect(scratch.lines()).toHaveLength(1);
  });

  test(`cni_${role} writes to the new log if the log was renamed while it waited for its lock`, async () => {
    const scratch = useScratch();
    mkdirSync(scratch.lockFile);
    writeFileSync(scratch.logFile, "old\n", { mode: 0o600 });
    const lock = await holdLock(scratch.logFile);
    const tap = startTap({ role, env: add, stdin: stanza(scratch, body, { lockTimeoutMs: 5_000 }) });
    tap.end();
    await untilOpen(tap.pid, scratch.logFile);
    renameSync(scratch.logFile, `${scratch.logFile}.1`);
    writeFileSync(scratch.logFile, "young\n", { mode: 0o600 });
    await lock.release();
    expect(await tap.done).toMatchObject({ code: 0 });
    expect(readFileSync(`${scratch.logFile}.1`, "utf8")).toBe("old\n");
    expect(scratch.lines()).toHaveLength(2);
  });

  test(`cni_${role} without a lock file waits for a lock on the log itself`, async () => {
    const scratch = useScratch();
    mkdirSync(scratch.lockFile);
    writeFileSync(scratch.logFile, "", { mode: 0o600 });
    const lock = await holdLock(scratch.logFile);
    const tap = startTap({ role, env: add, stdin: stanza(scratch, body, { lockTimeoutMs: 5_000 }) });
    tap.end();
    await untilOpen(tap.pid, scratch.logFile);
    expect(scratch.lines()).toEqual([]);
    await lock.release();
    expectComplaint(await tap.done, role);
    expect(scratch.lines()).toHaveLength(1);
  });
}

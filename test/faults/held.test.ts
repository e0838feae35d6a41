import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { holdLock } from "../support/hold-lock.ts";
import { classicLine } from "../support/log-lines.ts";
import { roles, runTap, type TapCall } from "../support/run-tap.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";
import { holdAt, SYSCALL } from "./support/traced.ts";

/* A tap is stopped at one system call while the test checks what it has done, or changes its files. */

const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
const body = '{"cniVersion":"1.0.0"}';
const STDOUT = 1;

describe.each(roles)("cni_%s", (role) => {
  test("writes its line first, then its reply", async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, body);
    const before = await holdAt(scratch, ["before", SYSCALL.writev, 1], { role, env, stdin });
    expect(before.at.argument).not.toBe(STDOUT);
    expect([scratch.lines(), before.stdout()]).toEqual([[], ""]);
    expect(await before.go()).toMatchObject({ code: 0, stderr: "" });
    expect(before.stdout()).toBe(body);
  });

  test("has written its line and released the lock when its reply begins", async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, body);
    const held = await holdAt(scratch, ["before", SYSCALL.writev, 2], { role, env, stdin });
    expect(held.at.argument).toBe(STDOUT);
    expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
    expect(spawnSync("flock", ["-n", scratch.lockFile, "true"]).status).toBe(0);
    expect(await held.go()).toMatchObject({ code: 0, stderr: "" });
  });

  test("holds the lock while it writes its line", async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, body);
    const held = await holdAt(scratch, ["before", SYSCALL.writev, 1], { role, env, stdin });
    expect(spawnSync("flock", ["-n", scratch.lockFile, "true"]).status).toBe(1);
    expect(await held.go()).toMatchObject({ code: 0, stderr: "" });
  });

  test("writes its line to the newest file if the log is rotated twice between open and write", async () => {
    const scratch = useScratch();
    writeFileSync(scratch.logFile, "first\n", { mode: 0o600 });
    const held = await holdAt(scratch, ["before", SYSCALL.writev, 1], {
      role,
      env,
      stdin: stanza(scratch, body),
    });
    const others = { lockFile: scratch.path("other.lock"), logMaxBytes: 1 };
    for (const id of ["second", "third"]) {
      const call = { role, env: { ...env, CNI_CONTAINERID: id }, stdin: stanza(scratch, body, others) };
      expect(await runTap(call)).toMatchObject({ code: 0, stderr: "" });
    }
    expect(await held.go()).toMatchObject({ code: 0, stderr: "" });
    expect(scratch.lines()).toEqual([
      classicLine("ADD", "third", "input", stanza(scratch, body, others)),
      classicLine("ADD", "c1", "input", stanza(scratch, body)),
    ]);
    const old = classicLine("ADD", "second", "input", stanza(scratch, body, others));
    expect(readFileSync(`${scratch.logFile}.1`, "utf8")).toBe(`${old}\n`);
  });

  test("writes its line once, to the old file, if the log is rotated once between open and write", async () => {
    const scratch = useScratch();
    writeFileSync(scratch.logFile, "first\n", { mode: 0o600 });
    const stdin = stanza(scratch, body);
    const held = await holdAt(scratch, ["before", SYSCALL.writev, 1], { role, env, stdin });
    renameSync(scratch.logFile, `${scratch.logFile}.1`);
    writeFileSync(scratch.logFile, "young\n", { mode: 0o600 });
    expect(await held.go()).toMatchObject({ code: 0, stderr: "" });
    expect(scratch.lines()).toEqual(["young"]);
    const line = classicLine("ADD", "c1", "input", stdin);
    expect(readFileSync(`${scratch.logFile}.1`, "utf8")).toBe(`first\n${line}\n`);
  });

  test("appends to the new file after a rotation although others have written to it", async () => {
    const scratch = useScratch();
    writeFileSync(scratch.logFile, `${"o".repeat(1_500)}\n`, { mode: 0o600 });
    const stdin = stanza(scratch, body, { logMaxBytes: 1_000 });
    const held = await holdAt(scratch, ["before", SYSCALL.writev, 1], { role, env, stdin });
    appendFileSync(scratch.logFile, "another's\n");
    expect(await held.go()).toMatchObject({ code: 0, stderr: "" });
    expect(scratch.lines()).toEqual(["another's", classicLine("ADD", "c1", "input", stdin)]);
  });

  test("does not rotate a log that another tap rotated before it got the log's lock", async () => {
    const scratch = useScratch();
    const old = `${"o".repeat(1_500)}\n`;
    writeFileSync(scratch.logFile, old, { mode: 0o600 });
    const stdin = stanza(scratch, body, { logMaxBytes: 1_000 });
    const held = await holdAt(scratch, ["before", SYSCALL.flock, 2], { role, env, stdin });
    const other = stanza(scratch, body, { lockFile: scratch.path("other.lock"), logMaxBytes: 1_000 });
    const call = { role, env: { ...env, CNI_CONTAINERID: "other" }, stdin: other };
    expect(await runTap(call)).toMatchObject({ code: 0, stderr: "" });
    expect(await held.go()).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(`${scratch.logFile}.1`, "utf8")).toBe(old);
    expect(scratch.lines()).toEqual([
      classicLine("ADD", "other", "input", other),
      classicLine("ADD", "c1", "input", stdin),
    ]);
  });

  test("gives up on the lock even if the time is over before it begins to wait", async () => {
    const scratch = useScratch();
    await holdLock(scratch.lockFile);
    const stdin = stanza(scratch, body, { lockTimeoutMs: 20 });
    const held = await holdAt(scratch, ["after", SYSCALL.setitimer, 2], { role, env, stdin });
    while (!hasPendingAlarm(held.at.pid)) await new Promise((resolve) => setTimeout(resolve, 1));
    const complaint = `cni_${role}: Cannot lock lockFile: held elsewhere for all of 20 ms, wrote without it\n`;
    expect(await held.go()).toMatchObject({ code: 0, stderr: complaint });
    expect(scratch.lines()).toHaveLength(1);
  });
});

/*
 * A tap that waits for a lock sets a timer and stops it. Its first setitimer(2) limits its CPU time: a call without a
 * wait makes no second one, and a call with one wait makes no fourth one.
 */
describe.each(roles)("cni_%s waits", (role) => {
  const full = `${"o".repeat(2_500)}\n`;

  /** Runs the call to its end, and returns whether it made its n-th setitimer(2). */
  async function timers(scratch: Scratch, nth: number, call: TapCall): Promise<"more" | "no more"> {
    try {
      await (await holdAt(scratch, ["before", SYSCALL.setitimer, nth], call)).go();
      return "more";
    } catch (error) {
      expect(String(error)).toContain("it ended before with 0");
      return "no more";
    }
  }

  test.each([
    [2, "more"],
    [3, "more"], // stops the timer
    [4, "no more"],
  ] as const)("once if lock and log are both held: timer %i, %s", async (nth, expected) => {
    const scratch = useScratch();
    mkdirSync(scratch.lockFile);
    writeFileSync(scratch.logFile, full, { mode: 0o600 });
    await holdLock(scratch.logFile);
    const stdin = stanza(scratch, body, { lockTimeoutMs: 20, logMaxBytes: 1_000 });
    expect(await timers(scratch, nth, { role, env, stdin })).toBe(expected);
    expect(scratch.log().toString()).toBe(full);
  });

  test("not for a log that another is rotating, if the line still has room", async () => {
    const scratch = useScratch();
    writeFileSync(scratch.logFile, `${"o".repeat(1_500)}\n`, { mode: 0o600 });
    await holdLock(scratch.logFile);
    const stdin = stanza(scratch, body, { lockTimeoutMs: 20, logMaxBytes: 1_000 });
    expect(await timers(scratch, 2, { role, env, stdin })).toBe("no more");
    expect(scratch.lines()).toHaveLength(2);
  });

  test("not at all at a STATUS, even if its line has no room", async () => {
    const scratch = useScratch();
    writeFileSync(scratch.logFile, full, { mode: 0o600 });
    await holdLock(scratch.logFile);
    const more = { logFormat: "json", logStatus: true, lockTimeoutMs: 20, logMaxBytes: 1_000 };
    const stdin = stanza(scratch, body, more);
    expect(await timers(scratch, 2, { role, env: { CNI_COMMAND: "STATUS" }, stdin })).toBe("no more");
    expect(scratch.log().toString()).toBe(full);
  });

  test("for a log that another is rotating, if the line has no room", async () => {
    const scratch = useScratch();
    writeFileSync(scratch.logFile, full, { mode: 0o600 });
    const lock = await holdLock(scratch.logFile);
    const stdin = stanza(scratch, body, { lockTimeoutMs: 5_000, logMaxBytes: 1_000 });
    const held = await holdAt(scratch, ["before", SYSCALL.setitimer, 2], { role, env, stdin });
    await lock.release();
    expect(await held.go()).toMatchObject({ code: 0, stderr: "" });
    expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
    expect(readFileSync(`${scratch.logFile}.1`, "utf8")).toBe(full);
  });
});

/** Whether SIGALRM is pending for the process. */
function hasPendingAlarm(pid: number): boolean {
  const mask = /^ShdPnd:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
  return (Number.parseInt(mask.slice(-8), 16) & (1 << 13)) !== 0;
}

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { classicLine } from "../support/log-lines.ts";
import { describeOnPrivateMachine, unshare } from "../support/private-mounts.ts";
import { type Role, roles, runTap, type TapRun } from "../support/run-tap.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

const body = '{"cniVersion":"1.0.0"}';
const LINE = 3_000;
const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };

/**
 * Makes a call whose log is on a file system of its own, prepared by the shell commands of `before`. `after` runs after
 * the call, with the tap as "$0". The disk's files are then copied to the directory `kept`.
 */
async function runOnDisk(
  scratch: Scratch,
  role: Role,
  { options, before, after = ":", stdin }: { options: string; before: string; after?: string; stdin: string },
): Promise<TapRun> {
  mkdirSync(scratch.path("disk"));
  mkdirSync(scratch.path("kept"));
  writeFileSync(scratch.path("stdin"), stdin);
  return await runTap({
    role,
    env,
    stdin,
    inside: [...unshare],
    shell: `set -e; umask 077; cd '${scratch.folder}'; mount -t tmpfs -o ${options} tmpfs disk; cd disk; ${before}`,
    via: [
      "sh",
      "-c",
      `"$0"; code=$?; ${after}; for f in *; do [ ! -f "$f" ] || cp "$f" ../kept; done; exit $code`,
    ],
  });
}

function kept(scratch: Scratch, name: string): string {
  return readFileSync(scratch.path(`kept/${name}`), "utf8");
}

/** stdin that logs to the disk, padded to a line of about 3,000 bytes. */
function stdinFor(scratch: Scratch, more: Readonly<Record<string, unknown>> = {}): string {
  const members = { logFile: scratch.path("disk/cni.log"), ...more };
  return stanza(scratch, `{"cniVersion":"1.0.0","filler":"${"f".repeat(LINE)}"}`, members);
}

function expectAnswered(run: TapRun, role: Role, complaint: string): void {
  expect(run).toMatchObject({ code: 0, signal: null, stderr: `cni_${role}: ${complaint}\n` });
  expect(run.stdout.toString()).toBe(body);
}

describeOnPrivateMachine("a disk", () => {
  test.each(roles)("that becomes full in the middle of cni_%s's line costs only this line", async (role) => {
    const scratch = useScratch();
    const stdin = stdinFor(scratch);
    const first = `${"x".repeat(2_000)}\n`;
    const run = await runOnDisk(scratch, role, {
      options: "size=4k", // one page
      before: `printf '%02000d\\n' 0 | tr 0 x >cni.log`,
      // Then there is room again, and another call.
      after: `mount -o remount,size=1m . ; "$0" <../stdin >/dev/null`,
      stdin,
    });
    expectAnswered(run, role, "Cannot write to logFile: it took only a part of the line");
    const line = classicLine("ADD", "c1", "input", stdin);
    const half = line.slice(0, 4096 - first.length);
    expect(kept(scratch, "cni.log")).toBe(`${first}${half}\n${line}\n`);
  });

  test.each(roles)("that is full before cni_%s's line costs the line and not the reply", async (role) => {
    const scratch = useScratch();
    const run = await runOnDisk(scratch, role, {
      options: "size=8k",
      before: "head -c 8192 /dev/zero >filler; : >cni.log",
      after: "rm filler",
      stdin: stdinFor(scratch),
    });
    expectAnswered(run, role, "Cannot write to logFile: No space left on device");
    expect(kept(scratch, "cni.log")).toBe("");
  });

  test.each(roles)("without room for a new file gets cni_%s's line in the old log", async (role) => {
    const scratch = useScratch();
    const stdin = stdinFor(scratch, { logMaxBytes: 1_500 });
    const run = await runOnDisk(scratch, role, {
      options: "size=1m,nr_inodes=2", // the directory and the log
      before: `printf '%02000d\\n' 0 >cni.log`,
      stdin,
    });
    expectAnswered(run, role, "Cannot rotate logFile: no new file beside it: No space left on device");
    expect(kept(scratch, "cni.log").split("\n").slice(1)).toEqual([
      classicLine("ADD", "c1", "input", stdin),
      "",
    ]);
  });

  test.each(roles)("that is read-only does not change cni_%s's reply", async (role) => {
    const scratch = useScratch();
    const run = await runOnDisk(scratch, role, {
      options: "size=1m",
      before: "echo first >cni.log; mount -o remount,ro .",
      stdin: stdinFor(scratch, { lockFile: scratch.path("disk/cni.lock") }),
    });
    expectAnswered(
      run,
      role,
      "Cannot open lockFile: Read-only file system; Cannot open logFile: Read-only file system",
    );
    expect(kept(scratch, "cni.log")).toBe("first\n");
  });
});

test.each(roles)("a file size limit in the middle of cni_%s's line costs only this line", async (role) => {
  const scratch = useScratch();
  const stdin = stdinFor(scratch, { logFile: scratch.logFile });
  const line = classicLine("ADD", "c1", "input", stdin);
  // The shell counts in blocks of 512 bytes.
  const run = await runTap({ role, env, stdin, shell: "ulimit -f 4" });
  expectAnswered(run, role, "Cannot write to logFile: it took only a part of the line");
  const refused = await runTap({ role, env, stdin, shell: "ulimit -f 4" });
  expectAnswered(refused, role, "Cannot write to logFile: File too large");
  await runTap({ role, env, stdin });
  expect(scratch.lines()).toEqual([line.slice(0, 2048), line]);
});

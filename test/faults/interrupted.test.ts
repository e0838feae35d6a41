import { once } from "node:events";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { describe, expect, test } from "vitest";
import { holdLock, untilOpen } from "../support/hold-lock.ts";
import { classicLine } from "../support/log-lines.ts";
import { roles, runTap, startTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";
import { here } from "./support/place.ts";
import { runTraced, SYSCALL } from "./support/traced.ts";

const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
const body = '{"cniVersion":"1.0.0"}';
/** dd(1) leaves the flag set on the open file, which the tap gets then. */
const NONBLOCKING_STDIN = "dd iflag=nonblock count=0 2>/dev/null";
const NONBLOCKING_STDOUT = "dd oflag=nonblock count=0 2>/dev/null </dev/null";

/** Waits until the process is blocked in this system call. */
async function untilBlockedIn(syscall: number, pid: number): Promise<void> {
  while (!readFileSync(`/proc/${pid}/syscall`, "utf8").startsWith(`${syscall} `))
    await new Promise((resolve) => setTimeout(resolve, 1));
}

describe.each(roles)("cni_%s", (role) => {
  test("goes on if a signal interrupts one of its reads or writes", async () => {
    const seen = new Map<string, number>();
    for (let nth = 1; ; nth++) {
      const scratch = useScratch();
      const stdin = stanza(scratch, body);
      const run = await runTraced(here(scratch), ["fail", nth, constants.errno.EINTR], { role, env, stdin });
      if (run.hit === null) break;
      const { syscall, argument } = run.hit;
      if (syscall === SYSCALL.read || syscall === SYSCALL.writev) {
        const why = `system call ${syscall} of descriptor ${argument}`;
        seen.set(why, argument);
        expect([run.code, run.stdout.toString(), run.stderr], why).toEqual([0, body, ""]);
        expect(scratch.lines(), why).toEqual([classicLine("ADD", "c1", "input", stdin)]);
      }
      scratch.remove();
    }
    // stdin, stdout, and the log
    expect([...seen.values()].sort()).toEqual([0, 1, expect.any(Number)]);
  });

  test("waits for data on a non-blocking stdin", async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, body);
    const tap = startTap({ role, env, stdin, shell: `${NONBLOCKING_STDIN}; echo ready >&2` });
    if (tap.child.stderr) await once(tap.child.stderr, "data");
    await untilBlockedIn(SYSCALL.poll, tap.pid);
    tap.end();
    expect(await tap.done).toMatchObject({ code: 0, stderr: "ready\n" });
    expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
  });

  test("waits for the reader of a non-blocking stdout", async () => {
    const scratch = useScratch();
    const prev = `"${"x".repeat(4_000_000)}"`;
    const stdin = stanza(scratch, `{"prevResult":${prev}}`);
    const tap = startTap({ role, env, stdin, shell: NONBLOCKING_STDOUT });
    tap.child.stdout?.pause();
    tap.end();
    while (scratch.log().at(-1) !== 0x0a) await new Promise((resolve) => setTimeout(resolve, 1));
    await untilBlockedIn(SYSCALL.poll, tap.pid);
    tap.child.stdout?.resume();
    const run = await tap.done;
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.toString() === prev).toBe(true);
  });

  test("completes a reply that it has begun when its CPU time is over", async () => {
    const scratch = useScratch();
    const prev = `"${"x".repeat(4_000_000)}"`;
    const tap = startTap({ role, env, stdin: stanza(scratch, `{"prevResult":${prev}}`) });
    tap.child.stdout?.pause();
    tap.end();
    while (scratch.log().at(-1) !== 0x0a) await new Promise((resolve) => setTimeout(resolve, 1));
    await untilBlockedIn(SYSCALL.writev, tap.pid);
    tap.child.kill("SIGVTALRM");
    tap.child.stdout?.resume();
    const run = await tap.done;
    expect(run).toMatchObject({ code: 0, signal: null, stderr: "" });
    expect(run.stdout.toString() === prev).toBe(true);
  });

  test("does not wait for a reader of stderr that has stopped reading", async () => {
    const scratch = useScratch();
    const fill = "dd if=/dev/zero of=pipe oflag=nonblock bs=4096 2>/dev/null";
    const full = `cd '${scratch.folder}'; mkfifo pipe; exec 3<>pipe; ${fill}; exec "$0" 2>&3 3>&-`;
    const stdin = stanza(scratch, body, { label: 7 }); // a complaint
    const run = await runTap({ role, env, stdin, via: ["/bin/sh", "-c", full] });
    expect([run.code, run.stdout.toString()]).toEqual([0, body]);
    expect(scratch.lines()).toHaveLength(1);
  });

  test("stops waiting for the lock in time although its caller has blocked all signals", async () => {
    const scratch = useScratch();
    await holdLock(scratch.lockFile);
    const stdin = stanza(scratch, body, { lockTimeoutMs: 20 });
    const via = ["/usr/bin/env", "--block-signal"];
    const tap = startTap({ role, env, stdin, via });
    tap.end();
    await untilOpen(tap.pid, scratch.lockFile);
    const complaint = `cni_${role}: Cannot lock lockFile: held elsewhere for all of 20 ms, wrote without it\n`;
    expect(await tap.done).toMatchObject({ code: 0, stderr: complaint });
    expect(scratch.lines()).toHaveLength(1);
  });
});

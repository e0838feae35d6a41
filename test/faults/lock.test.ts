import { appendFileSync, chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { holdLock, untilOpen } from "../support/hold-lock.ts";
import { classicLine } from "../support/log-lines.ts";
import { roles, runTap, startTap } from "../support/run-tap.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";
import { here } from "./support/place.ts";
import { runTraced, SYSCALL } from "./support/traced.ts";

const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
const body = '{"cniVersion":"1.0.0"}';
const isRoot = process.getuid?.() === 0;
const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
if (!isRoot) console.warn("skipped: the tests of another user who holds the lock need root");

/** A scratch directory that other users may write to, as /run/lock. */
function useOpenScratch(): Scratch {
  const scratch = useScratch();
  chmodSync(scratch.folder, 0o1777);
  return scratch;
}

for (const role of roles) {
  const held = (ms: number) =>
    `cni_${role}: Cannot lock lockFile: held elsewhere for all of ${ms} ms, wrote without it\n`;

  test(`20 calls of cni_${role} at once give up on a held lock after lockTimeoutMs each, and lose no line`, async () => {
    const scratch = useScratch();
    await holdLock(scratch.lockFile);
    const stdin = stanza(scratch, body, { lockTimeoutMs: 150 });
    const ids = Array.from({ length: 20 }, (_, call) => `c${call}`);
    const runs = await Promise.all(
      ids.map((id) => runTap({ role, env: { ...env, CNI_CONTAINERID: id }, stdin })),
    );
    for (const run of runs) {
      expect(run).toMatchObject({ code: 0, stderr: held(150) });
      expect(run.stdout.toString()).toBe(body);
    }
    const lines = scratch.lines().filter((line) => line !== "");
    expect(lines.sort()).toEqual(ids.map((id) => classicLine("ADD", id, "input", stdin)).sort());
  });

  test.skipIf(!isRoot)(
    `cni_${role} replaces a lock file that another user can hold, and waits for nobody (needs root)`,
    async () => {
      const scratch = useOpenScratch();
      writeFileSync(scratch.lockFile, "");
      chmodSync(scratch.lockFile, 0o644); // a lock file that others can open
      const hold = await holdLock(scratch.lockFile, nobody);
      const stdin = stanza(scratch, body, { lockTimeoutMs: 100 });
      expect(await runTap({ role, env, stdin })).toMatchObject({ code: 0, stderr: "" });
      expect(statSync(scratch.lockFile).mode & 0o7777).toBe(0o600);
      await hold.release();
      await expect(holdOnce(scratch.lockFile)).resolves.toBe("refused");
      expect(await runTap({ role, env, stdin })).toMatchObject({ code: 0, stderr: "" });
      expect(scratch.lines()).toHaveLength(2);
    },
  );

  test.skipIf(!isRoot)(
    `cni_${role} waits at most lockTimeoutMs for another user who locks the log (needs root)`,
    async () => {
      const scratch = useOpenScratch();
      mkdirSync(scratch.lockFile);
      writeFileSync(scratch.logFile, "first\n");
      chmodSync(scratch.logFile, 0o644);
      await holdLock(scratch.logFile, nobody);
      const stdin = stanza(scratch, body, { lockTimeoutMs: 100, logMaxBytes: 1 });
      expect(await runTap({ role, env, stdin })).toMatchObject({
        code: 0,
        stderr:
          `cni_${role}: Cannot open lockFile: Is a directory; ` +
          "Cannot lock lockFile: held elsewhere for all of 100 ms, wrote without it; " +
          "Cannot write to logFile: over twice logMaxBytes and not rotated, dropped the line\n",
      });
      expect(scratch.lines()).toEqual(["first"]);
    },
  );

  test(`cni_${role} begins a new line after an incomplete one if it could not lock the log`, async () => {
    const scratch = useScratch();
    mkdirSync(scratch.lockFile);
    writeFileSync(scratch.logFile, "first\n", { mode: 0o600 });
    await holdLock(scratch.logFile);
    const stdin = stanza(scratch, body, { lockTimeoutMs: 2_000 });
    const tap = startTap({ role, env, stdin });
    tap.end();
    await untilOpen(tap.pid, scratch.logFile);
    appendFileSync(scratch.logFile, "half");
    expect(await tap.done).toMatchObject({ code: 0 });
    expect(scratch.lines()).toEqual(["first", "half", classicLine("ADD", "c1", "input", stdin)]);
  });

  test(`cni_${role} complains and appends if flock(2) fails`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, body);
    const run = await runTraced(here(scratch), ["deny", SYSCALL.flock, 37], { role, env, stdin });
    expect(run).toMatchObject({
      code: 0,
      stderr: `cni_${role}: Cannot lock lockFile: No locks available\n`,
    });
    expect(run.stdout.toString()).toBe(body);
    expect(scratch.lines()).toHaveLength(1);
  });
}

/** Whether another user can open and hold the file. */
async function holdOnce(path: string): Promise<"held" | "refused"> {
  const { code } = await runTap({ role: "pre", env: {}, exe: "true", via: [...nobody, "flock", "-n", path] });
  return code === 0 ? "held" : "refused";
}

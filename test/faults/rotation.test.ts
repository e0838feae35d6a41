import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, linkSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { classicLine } from "../support/log-lines.ts";
import { roles, runTap } from "../support/run-tap.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";
import { runCrowd } from "./support/crowd.ts";
import { here } from "./support/place.ts";
import { buildProgram } from "./support/programs.ts";
import { runTraced, SYSCALL } from "./support/traced.ts";

const body = '{"cniVersion":"1.0.0"}';
const reply = '{"cniVersion":"1.0.0"}';
const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn("skipped: the test of another user who races for the log's name needs root");

function linesOf(path: string): string[] {
  return readFileSync(path, "utf8").split("\n").filter(Boolean);
}

test.skipIf(!isRoot)(
  "another user cannot take the log's name in 10,000 rotations in a directory open to all (needs root)",
  async () => {
    const scratch = useScratch();
    chmodSync(scratch.folder, 0o1777);
    // Both names are in use: a free one could be taken by anybody.
    for (const path of [scratch.logFile, `${scratch.logFile}.1`])
      writeFileSync(path, "old\n", { mode: 0o600 });
    const racer = spawn(await buildProgram("racer"), [scratch.logFile], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    onTestFinished(() => void racer.kill());
    await once(racer.stdout, "data");

    const calls = await runCrowd(
      {
        role: "pre",
        env: { CNI_COMMAND: "ADD" },
        to: 10_000,
        atOnce: 2,
        stdin: stanza(scratch, body, { logMaxBytes: 1, lockTimeoutMs: 5_000 }),
        reply,
      },
      here(scratch),
    );
    racer.stdin.end();
    const raced: unknown = JSON.parse(await text(racer.stdout));

    expect(raced).toMatchObject({ taken: 0, vacant: 0, foreign: 0 });
    expect(calls).toHaveLength(10_000);
    for (const call of calls) expect(call).toMatchObject({ code: 0, same: true, stderr: "" });
    // Each call has rotated, so its line is alone in its file.
    expect(linesOf(scratch.logFile)).toHaveLength(1);
    expect(linesOf(`${scratch.logFile}.1`)).toHaveLength(1);
    expect(lstatSync(scratch.logFile)).toMatchObject({ uid: 0, nlink: 1 });
    const left = scratch.names().filter((name) => !name.startsWith("crowd"));
    expect(left).toEqual(["cni.lock", "cni.log", "cni.log.1", "cni.log.mine"]);
  },
  180_000,
);

/** Runs four crowds of taps on one log, each with a lock file of its own and one call at a time. */
async function rotateTogether(
  scratch: Scratch,
  filler: string,
  logMaxBytes: number,
  mode: "whole" | "kill:3" = "whole",
): Promise<void> {
  const CALLS = 250;
  const crowds = await Promise.all(
    roles
      .flatMap((role) => [role, role])
      .map(async (role, crowd) => {
        const text = `{"cniVersion":"1.0.0","crowd":${crowd},"filler":"${filler}"}`;
        const lockFile = scratch.path(`${crowd}.lock`);
        const stdin = stanza(scratch, text, { lockFile, logMaxBytes, lockTimeoutMs: 5_000 });
        const env = { CNI_COMMAND: "ADD" };
        const calls = await runCrowd({ role, env, to: CALLS, atOnce: 1, mode, stdin, reply }, here(scratch));
        return { calls, stdin };
      }),
  );
  const ended = crowds.map(({ calls }) => calls.filter(({ signal }) => signal === 0));
  for (const call of ended.flat()) expect(call).toMatchObject({ code: 0, same: true, stderr: "" });

  const callOf = (line: string) => {
    const number = /CNI_CONTAINERID=(\d+),/.exec(line)?.[1] ?? "";
    const crowd = crowds.findIndex(({ stdin }) => line === classicLine("ADD", number, "input", stdin));
    expect(crowd, `not a whole line: ${line.slice(0, 200)}`).toBeGreaterThanOrEqual(0);
    return { crowd, number: Number(number) };
  };
  const kept = [...linesOf(`${scratch.logFile}.1`), ...linesOf(scratch.logFile)];
  const numbers = crowds.map(() => new Set<number>());
  for (const { crowd, number } of kept.map(callOf)) numbers[crowd]?.add(number);
  // The last lines of each crowd are there without a gap. What is missing went with older files.
  for (const [crowd, own] of numbers.entries()) {
    const first = Math.min(...own);
    for (const { number } of ended[crowd] ?? [])
      if (number >= first) expect(own.has(number), `line ${number} of crowd ${crowd}`).toBe(true);
  }
  expect(kept.length).toBeGreaterThan(1);
  expect(kept).toHaveLength(numbers.reduce((sum, { size }) => sum + size, 0));
  expect(lstatSync(scratch.logFile)).toMatchObject({ nlink: 1 });
  // A tap that was killed leaves an empty file, or an older .1 that it would have removed.
  for (const name of scratch.names().filter((name) => /^cni\.log\.[0-9a-f]{16}$/.test(name))) {
    expect(mode).not.toBe("whole");
    for (const { crowd, number } of linesOf(scratch.path(name)).map(callOf))
      expect(number).toBeLessThan(Math.min(...(numbers[crowd] ?? [])));
  }
}

test("taps with different lock files that rotate one log lose no line of the newest two files", async () => {
  await rotateTogether(useScratch(), "f".repeat(20), 4_000);
});

test("taps with different lock files lose no line longer than twice logMaxBytes", async () => {
  await rotateTogether(useScratch(), "f".repeat(5_000), 1_000);
});

test("taps that are killed while they rotate one log lose no line of the others", async () => {
  await rotateTogether(useScratch(), "f".repeat(100), 1_000, "kill:3");
});

/** What may lie at the old log's path: it is replaced, and what it leads to is not touched. */
const planted: Readonly<Record<string, (scratch: Scratch) => void>> = {
  "a symbolic link": ({ path, logFile }) => symlinkSync(path("target"), `${logFile}.1`),
  "a hard link": ({ path, logFile }) => linkSync(path("target"), `${logFile}.1`),
  "a FIFO": ({ logFile }) => void execFileSync("mkfifo", [`${logFile}.1`]),
  "a file that all may write": ({ logFile }) => {
    writeFileSync(`${logFile}.1`, "planted\n");
    chmodSync(`${logFile}.1`, 0o666);
  },
};

for (const role of roles) {
  test.each(Object.entries(planted))(
    `%s in the old log's place is not followed by cni_${role}`,
    async (_, plant) => {
      const scratch = useScratch();
      writeFileSync(scratch.path("target"), "precious\n", { mode: 0o600 });
      writeFileSync(scratch.logFile, "old\n", { mode: 0o600 });
      plant(scratch);
      const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
      const run = await runTap({ role, env, stdin: stanza(scratch, body, { logMaxBytes: 1 }) });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(readFileSync(scratch.path("target"), "utf8")).toBe("precious\n");
      expect(lstatSync(`${scratch.logFile}.1`).isFile()).toBe(true);
      expect(lstatSync(`${scratch.logFile}.1`).mode & 0o7777).toBe(0o600);
      expect(linesOf(`${scratch.logFile}.1`)).toEqual(["old"]);
      expect(scratch.lines()).toHaveLength(1);
    },
  );

  test(`cni_${role} lets the log grow to twice logMaxBytes if renameat2(2) fails, and says so`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, body, { logMaxBytes: 1_000 });
    const complaints: string[] = [];
    for (let call = 0; call < 30; call++) {
      const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: `c${call}` };
      const run = await runTraced(here(scratch), ["deny", SYSCALL.renameat2, 22], { role, env, stdin });
      expect(run).toMatchObject({ code: 0, signal: null });
      expect(run.stdout.toString()).toBe(reply);
      if (run.stderr !== "") complaints.push(run.stderr);
    }
    const fault = `cni_${role}: Cannot rotate logFile: it cannot change places with its .1: Invalid argument`;
    const full = "Cannot write to logFile: over twice logMaxBytes and not rotated, dropped the line";
    expect(new Set(complaints)).toEqual(new Set([`${fault}\n`, `${fault}; ${full}\n`]));
    const dropped = complaints.filter((complaint) => complaint.includes("dropped")).length;
    const lines = scratch.lines();
    expect(lines).toEqual(
      Array.from({ length: 30 - dropped }, (_, call) => classicLine("ADD", `c${call}`, "input", stdin)),
    );
    expect(scratch.log().length).toBeGreaterThan(2_000);
    expect(scratch.log().length).toBeLessThan(2_000 + stdin.length + 50);
  });

  test(`cni_${role} rotates without random numbers`, async () => {
    const scratch = useScratch();
    writeFileSync(scratch.logFile, "old\n", { mode: 0o600 });
    const call = { role, env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" } };
    const stdin = stanza(scratch, body, { logMaxBytes: 1 });
    const run = await runTraced(here(scratch), ["deny", SYSCALL.getrandom, 38], { ...call, stdin });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.hit?.syscall).toBe(SYSCALL.getrandom);
    expect(linesOf(`${scratch.logFile}.1`)).toEqual(["old"]);
    expect(await runTap({ ...call, stdin })).toMatchObject({ code: 0, stderr: "" });
  });
}

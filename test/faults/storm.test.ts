import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { classicLine, readJsonLine } from "../support/log-lines.ts";
import { roles, runTap, type TapRun } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { formats, stanza } from "../support/stanza.ts";
import { runCrowd } from "./support/crowd.ts";
import { here } from "./support/place.ts";

const PROCESSES = 40;
const CALLS_EACH = 10;

/** 100 bytes to 100 KB, as many short ones as long ones. */
function fillerOf(call: number): string {
  const bytes = Math.round(100 * 1000 ** (((call * 29) % 400) / 399));
  return `f${call}-`.repeat(Math.ceil(bytes / 3)).slice(0, bytes);
}

describe.each(formats)(
  "400 calls of 40 processes at once, 100 bytes to 100 KB, in the %s format",
  (logFormat) => {
    test("write 400 lines, none lost, cut or mixed, and get their replies", async () => {
      const scratch = useScratch();
      const stdinOf = (call: number) =>
        stanza(scratch, `{"cniVersion":"1.0.0","filler":"${fillerOf(call)}"}`, {
          logFormat,
          lockTimeoutMs: 5_000,
        });
      const runs: TapRun[] = [];
      async function makeCalls(from: number): Promise<void> {
        for (let call = from; call < from + CALLS_EACH; call++) {
          const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: `c${call}` };
          const role = call % 2 === 0 ? "pre" : "post";
          runs.push(await runTap({ role, env, stdin: stdinOf(call), timeoutMs: 60_000 }));
        }
      }
      await Promise.all(Array.from({ length: PROCESSES }, (_, process) => makeCalls(process * CALLS_EACH)));

      for (const { code, stdout, stderr } of runs)
        expect([code, stdout.toString(), stderr]).toEqual([0, '{"cniVersion":"1.0.0"}', ""]);
      const found = scratch.lines().map((line) => {
        if (logFormat === "classic") return line;
        const { members, payload } = readJsonLine(line);
        return classicLine("ADD", String(members.containerId), "input", payload.text);
      });
      const wanted = runs.map((_, call) => classicLine("ADD", `c${call}`, "input", stdinOf(call)));
      expect(found).toHaveLength(wanted.length);
      const left = new Set(wanted);
      for (const line of found) expect(left.delete(line), line.slice(0, 100)).toBe(true);
    });
  },
);

test.each(roles)(
  "calls of cni_%s killed at random moments damage no line of another call and leave no lock",
  async (role) => {
    const scratch = useScratch();
    const stdin = stanza(scratch, `{"cniVersion":"1.0.0","filler":"${"f".repeat(30_000)}"}`, {
      lockTimeoutMs: 5_000,
      logMaxBytes: 0, // one file for all crowds
    });
    const calls: Awaited<ReturnType<typeof runCrowd>>[number][] = [];
    const killed = new Set<number>();
    // On a busy machine most calls end before the signal comes, so this takes as many crowds as needed.
    for (let from = 1; killed.size <= 10; from += 900) {
      const crowd = await runCrowd(
        {
          role,
          env: { CNI_COMMAND: "ADD" },
          from,
          to: from + 899,
          atOnce: 8,
          mode: "kill:3",
          stdin,
          reply: '{"cniVersion":"1.0.0"}',
        },
        here(scratch),
      );
      calls.push(...crowd);
      for (const { number, signal } of crowd) if (signal !== 0) killed.add(number);
    }
    for (const call of calls) {
      if (killed.has(call.number)) expect(call.signal).toBe(9);
      // No complaint: each call got the lock in time.
      else expect(call).toMatchObject({ code: 0, same: true, stderr: "" });
    }

    const lineOf = (number: number) => classicLine("ADD", String(number), "input", stdin);
    const seen = new Set<number>();
    for (const line of scratch.log().toString().split("\n").slice(0, -1)) {
      const number = Number(/CNI_CONTAINERID=(\d+),/.exec(line)?.[1] ?? 0);
      if (line === lineOf(number)) {
        expect(seen.has(number), `line ${number} is in the log twice`).toBe(false);
        seen.add(number);
      } else {
        const half = [...killed].some((victim) => lineOf(victim).startsWith(line));
        expect(half, `an incomplete line that is not of a killed call: ${line.slice(0, 100)}`).toBe(true);
      }
    }
    for (const { number, signal } of calls) if (signal === 0) expect(seen.has(number)).toBe(true);
    expect(spawnSync("flock", ["-n", scratch.lockFile, "true"]).status).toBe(0);
    expect(spawnSync("flock", ["-n", scratch.logFile, "true"]).status).toBe(0);
  },
);

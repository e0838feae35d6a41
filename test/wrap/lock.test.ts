import { mkdirSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { bareAnswer } from "./support/compare.ts";
import { whileLocked } from "./support/locked.ts";
import { expectOneComplaint, readPair } from "./support/log.ts";
import { buildPrograms } from "./support/programs.ts";
import { answerOf, runPlugin } from "./support/run-plugin.ts";
import { type BareCall, forms, withScratch, wrappedCall } from "./support/wrapped.ts";

/* The lock is held by somebody else: what a call waits for it, and what is said of it. */

beforeAll(buildPrograms);

const calls: readonly BareCall[] = [
  { ill: 'read;out:{"cniVersion":"1.0.0"}' },
  { ill: "read;err:WARN of the plugin\\n;out:{};exit:1" },
  { ill: "read;err:no line feed;fill-out:200000;kill:15" },
];

/** A plugin in whose time the lock is taken, and held for a second after its end. */
const holder = (lock: string, taken: string) => `#!/bin/sh
cat >/dev/null
flock ${lock} sh -c 'echo > ${taken}; sleep 1' </dev/null >/dev/null 2>&1 &
while [ ! -e ${taken} ]; do sleep 0.01; done
echo {}
`;

for (const form of forms) {
  describe.concurrent(`a plugin wrapped ${form}`, () => {
    test.each(calls)("waits no longer than lockTimeoutMs for both lines: %j", async (call) => {
      await withScratch(async (scratch) => {
        const wrapped = wrappedCall(form, scratch, call, { lockTimeoutMs: 400 });
        const run = await whileLocked(scratch.lockFile, () => runPlugin(wrapped));
        const bare = await bareAnswer(call);
        const complaint = expectOneComplaint(run.stderr, bare.stderr);
        expect(complaint).toMatch(/Cannot lock lockFile: held elsewhere for all of 400 ms/);
        expect({ ...answerOf(run), stderr: bare.stderr }).toEqual(bare);
        expect(run.ms).toBeGreaterThan(390);
        expect(run.ms).toBeLessThan(790);
        readPair(scratch.lines());
      });
    });

    test("has its own time in the end line, not that of the lock", async () => {
      await withScratch(async (scratch) => {
        const wrapped = wrappedCall(form, scratch, { ill: "read;out:{}" }, { lockTimeoutMs: 1_000 });
        const run = await whileLocked(scratch.lockFile, () => runPlugin(wrapped));
        expect(readPair(scratch.lines())[1].members.ms).toBeLessThan(run.ms - 900);
      });
    });

    test("does not wait with a lockTimeoutMs of 0", async () => {
      await withScratch(async (scratch) => {
        const call: BareCall = { ill: "read;err:e\\n;out:{}" };
        const wrapped = wrappedCall(form, scratch, call, { lockTimeoutMs: 0 });
        const run = await whileLocked(scratch.lockFile, () => runPlugin(wrapped));
        expectOneComplaint(run.stderr, "e\n");
        readPair(scratch.lines());
      });
    });

    test("waits for the end line's lock, and then says nothing", async () => {
      await withScratch(async (scratch) => {
        mkdirSync(scratch.path("bin"));
        const script = holder(scratch.lockFile, scratch.path("taken"));
        writeFileSync(scratch.path("bin/holder"), script, { mode: 0o755 });
        const call: BareCall = { type: "holder", folder: scratch.path("bin"), options: { grace: 3_000 } };
        const run = await runPlugin(wrappedCall(form, scratch, call, { lockTimeoutMs: 5_000 }));
        expect(answerOf(run)).toEqual({ stdout: "{}\n", stderr: "", exit: 0, signal: null, left: [] });
        const [, end] = readPair(scratch.lines());
        expect(Number(end.members.ms)).toBeLessThan(run.ms - 500);
        expect(run.ms).toBeGreaterThan(900);
        // The caller has all of stdout by then; stderr stays open for a complaint.
        expect(run.outMs).toBeLessThan(run.ms - 500);
        expect(run.errMs).toBeGreaterThan(run.ms - 200);
      });
    });

    test("waits for nobody if it is asked for STATUS", async () => {
      await withScratch(async (scratch) => {
        const call: BareCall = { ill: "read;exit:0", command: "STATUS" };
        const settings = { lockTimeoutMs: 5_000, logStatus: true };
        const wrapped = wrappedCall(form, scratch, call, settings);
        const run = await whileLocked(scratch.lockFile, () => runPlugin(wrapped));
        expect(answerOf(run)).toEqual(await bareAnswer(call));
        expect(run.ms).toBeLessThan(3_000);
        readPair(scratch.lines());
      });
    });
  });
}

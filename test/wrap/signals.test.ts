import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { holdLock, untilOpen } from "../support/hold-lock.ts";
import { startTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { expectSameAnswer } from "./support/compare.ts";
import { buildPrograms } from "./support/programs.ts";
import { answerOf, runPlugin } from "./support/run-plugin.ts";
import { type BareCall, forms, withScratch, wrappedCall } from "./support/wrapped.ts";

/* Signals to the wrapper are signals to the plugin. Each is sent once the plugin has printed a line. */

beforeAll(buildPrograms);

const handedOn = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGUSR1: 10, SIGUSR2: 12, SIGTERM: 15 };
const numbers = Object.values(handedOn);
const [KILL, TERM] = [9, 15];

function isAlive(pid: string): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

for (const form of forms) {
  describe.concurrent(`a plugin wrapped ${form}`, () => {
    for (const [name, number] of Object.entries(handedOn)) {
      test(`gets ${name}, and its answer is waited for`, async () => {
        const ill = `read;catch:${number};ready;await:1;sleep:50;out:done\\n;err:e\\n;exit:5`;
        const { lines } = await expectSameAnswer(form, { ill, options: { signals: number } });
        expect(lines).toHaveLength(2);
      });

      test(`dies of ${name}, as does cni_wrap`, async () => {
        const { lines } = await expectSameAnswer(form, {
          ill: "read;ready;sleep:10000;out:never",
          options: { signals: number },
        });
        expect(lines[1]).toContain(`"signal":${number},`);
      });

      test(`ignores ${name} and goes on`, async () => {
        const ill = `read;ignore:${number};ready;sleep:100;out:done`;
        await expectSameAnswer(form, { ill, options: { signals: number } });
      });
    }

    test("gets all of them one after the other", async () => {
      const ill = `read;catch:${numbers.join(",")};ready;await:${numbers.length};out:done\\n;exit:5`;
      await expectSameAnswer(form, { ill, options: { signals: numbers.join(",") } });
    });

    test("gets the same one twenty times", async () => {
      const ill = `read;catch:${TERM};ready;await:20;out:done\\n`;
      await expectSameAnswer(form, { ill, options: { signals: Array(20).fill(TERM).join(",") } });
    });

    test.each(numbers)("dies as cni_wrap does of signal %d while stdin has no end", async (number) => {
      const options = { in: "open", signals: number, after: 30_000 };
      await expectSameAnswer(form, { ill: "read;out:never", options });
    });

    test("gets a signal after it has closed its streams", async () => {
      const ill = `read;catch:${TERM};ready;close:1;close:2;await:1;exit:9`;
      await expectSameAnswer(form, { ill, options: { signals: TERM } });
    });

    test("is killed with cni_wrap, and the begin line stands alone", async () => {
      await withScratch(async (scratch) => {
        const mark = scratch.path("mark");
        const call: BareCall = {
          ill: `read;mark:${mark};ready;sleep:20000;out:never`,
          options: { signals: KILL, grace: 3_000 },
        };
        const run = await runPlugin(wrappedCall(form, scratch, call));
        expect(answerOf(run)).toEqual({ stdout: "ready\n", stderr: "", exit: null, signal: KILL, left: [] });
        const pid = readFileSync(mark, "utf8").trim();
        expect(pid).toMatch(/^\d+$/);
        expect(isAlive(pid)).toBe(false);
        expect(scratch.lines()).toHaveLength(1);
      });
    });

    test("is killed with cni_wrap although it ignores what it can", async () => {
      await withScratch(async (scratch) => {
        const ill = `read;${numbers.map((n) => `ignore:${n}`).join(";")};ready;close:0;sleep:20000`;
        const call: BareCall = { ill, options: { signals: KILL, grace: 3_000 } };
        const run = await runPlugin(wrappedCall(form, scratch, call));
        expect(answerOf(run)).toEqual({ stdout: "ready\n", stderr: "", exit: null, signal: KILL, left: [] });
      });
    });
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const)(
    `%s before a plugin wrapped ${form} is started ends cni_wrap`,
    async (signal) => {
      const scratch = useScratch();
      await holdLock(scratch.lockFile);
      const mark = scratch.path("mark");
      const call: BareCall = { ill: `mark:${mark};out:never` };
      const { program, env, stdin } = wrappedCall(form, scratch, call, { lockTimeoutMs: 5_000 });
      const started = startTap({ role: "pre", exe: program, env, stdin: stdin ?? "" });
      started.end();
      await untilOpen(started.pid, scratch.lockFile);
      started.child.kill(signal);
      const run = await started.done;
      expect(run).toMatchObject({ code: null, signal });
      expect(run.stdout.toString()).toBe("");
      expect(existsSync(mark)).toBe(false);
    },
  );
}

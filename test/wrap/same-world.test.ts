import { beforeAll, describe, expect, test } from "vitest";
import { bareAnswer, expectSameAnswer } from "./support/compare.ts";
import { buildPrograms } from "./support/programs.ts";
import { answerOf, type RuntimeOptions, runPlugin } from "./support/run-plugin.ts";
import { type BareCall, forms, withScratch, wrappedCall } from "./support/wrapped.ts";

/*
 * The plugin finds itself as the bare one does: arguments, environment, folder, descriptors, limits, timers, and what the
 * kernel tells of it (umask, signals, capabilities, users).
 */

beforeAll(buildPrograms);

/** Numbers of resources in setrlimit(2). */
const [CPU, FSIZE, DATA, STACK, CORE, NOFILE, AS] = [0, 1, 2, 3, 4, 7, 9];
const [HUP, INT, QUIT, USR1, PIPE, TERM, CHLD, XFSZ] = [1, 2, 3, 10, 13, 15, 17, 25];

const worlds: Readonly<Record<string, RuntimeOptions>> = {
  "as runtimes start it": {},
  "with a umask of 0": { umask: "0" },
  "with a umask of 777": { umask: "777" },
  "in another folder": { cwd: "/usr" },
  "with few descriptors": { limit: `${NOFILE}:64:64` },
  "with many descriptors, of which it may have more": { limit: `${NOFILE}:1024:16384` },
  "with a small stack": { limit: `${STACK}:262144:262144` },
  "with any stack": { limit: `${STACK}:-1:-1` },
  "with 10 seconds of CPU time": { limit: `${CPU}:10:20` },
  "with core dumps": { limit: `${CORE}:1000000:-1` },
  "with 512 MB of addresses": { limit: `${AS}:536870912:536870912` },
  "with 100 MB of data": { limit: `${DATA}:104857600:-1` },
  "with files of 1 MB": { limit: `${FSIZE}:1000000:1000000` },
  "with several limits": { limit: [`${NOFILE}:100:200`, `${CORE}:0:0`, `${CPU}:5:5`] },
  "with SIGCHLD ignored": { ignore: CHLD },
  "with SIGPIPE ignored": { ignore: PIPE },
  "with SIGPIPE and SIGXFSZ ignored": { ignore: `${PIPE},${XFSZ}` },
  "with SIGHUP ignored, as nohup does": { ignore: HUP },
  "with the signals ignored that are handed on": { ignore: `${HUP},${INT},${QUIT},${USR1},${TERM}` },
  "with SIGCHLD blocked": { block: CHLD },
  "with SIGTERM and SIGPIPE blocked": { block: `${TERM},${PIPE}` },
  "with SIGCHLD both blocked and ignored": { block: CHLD, ignore: CHLD },
  "with all signals blocked": { block: Array.from({ length: 64 }, (_, i) => i + 1).join(",") },
  "as process 1": { init: 1 },
};

const environments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "with odd variables": {
    A: "",
    "b.c-d": "x=y",
    LINE: "one\ntwo\\",
    QUOTE: "\"'",
    UTF8: "grün 🐳",
    _: "/usr/bin/env",
  },
  "with a variable of 100 KB": { BIG: "x".repeat(100_000) },
  "with 2,000 variables": Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`V${i}`, `${i}`])),
  "with variables that change how programs behave": {
    LD_PRELOAD: "/no.so",
    MALLOC_ARENA_MAX: "1",
    TZ: "Asia/Tokyo",
  },
  "with empty CNI variables": { CNI_NETNS: "", CNI_IFNAME: "", CNI_ARGS: "" },
};

for (const form of forms) {
  describe.concurrent(`a plugin wrapped ${form} finds the same world`, () => {
    test.each(Object.entries(worlds))("%s", async (_what, options) => {
      await expectSameAnswer(form, { ill: "read;dump", options });
    });

    test.each(Object.entries(environments))("%s", async (_what, env) => {
      await expectSameAnswer(form, { ill: "read;dump", env });
    });

    test("with descriptors above 2 left open, which it does not get", async () => {
      await withScratch(async (scratch) => {
        const call: BareCall = { ill: "read;dump" };
        const run = await runPlugin({ ...wrappedCall(form, scratch, call), options: { extra: 5 } });
        expect(answerOf(run)).toEqual(await bareAnswer(call));
      });
    });

    test("with arguments for cni_wrap, which it does not get", async () => {
      await withScratch(async (scratch) => {
        const call: BareCall = { ill: "read;dump" };
        const options = { arg: ["--help", "", "-x"] };
        const run = await runPlugin({ ...wrappedCall(form, scratch, call), options });
        expect(answerOf(run)).toEqual(await bareAnswer(call));
      });
    });
  });

  describe.concurrent(`a plugin wrapped ${form} as process 1`, () => {
    test.each([1, 6, 9, 15, 34])("that dies of signal %d ends with 128 and that", async (signal) => {
      await withScratch(async (scratch) => {
        const call: BareCall = { ill: `read;out:half;kill:${signal}`, options: { init: 1 } };
        const run = await runPlugin(wrappedCall(form, scratch, call));
        expect(answerOf(run)).toEqual({
          stdout: "half",
          stderr: "",
          exit: 128 + signal,
          signal: null,
          left: [],
        });
        expect(scratch.lines()[1]).toContain(`"signal":${signal},`);
      });
    });

    test.each(["exit:0", "exit:9", "fork:300:hold;exit:2"])("%s", async (steps) => {
      await expectSameAnswer(form, { ill: `read;out:{};${steps}`, options: { init: 1 } });
    });
  });
}

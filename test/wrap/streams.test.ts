import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { bareAnswer, expectSameAnswer } from "./support/compare.ts";
import { buildPrograms } from "./support/programs.ts";
import { answerOf, type RuntimeOptions, runPlugin } from "./support/run-plugin.ts";
import { type BareCall, bareCall, forms, withScratch, wrappedCall } from "./support/wrapped.ts";

/* The caller's streams are not always three pipes that somebody reads. */

beforeAll(buildPrograms);

const PIPE = 13;

const calls: Readonly<Record<string, BareCall & { readonly options: RuntimeOptions }>> = {
  "stdout is a socket": { ill: "read;fill-out:300000;err:e\\n", options: { out: "socket" } },
  "both are sockets": { ill: "read;fill-out:3000;fill-err:3000", options: { out: "socket", err: "socket" } },
  "nobody reads stdout": { ill: "read;out:{}", options: { out: "gone" } },
  "nobody reads stdout of much": { ill: "read;fill-out:1000000", options: { out: "gone" } },
  "nobody reads stdout and the plugin says nothing": { ill: "read;exit:3", options: { out: "gone" } },
  "nobody reads stdout and the plugin fails": {
    ill: "read;close:1;err:e\\n;exit:3",
    options: { out: "gone" },
  },
  "stdout is read first": { ill: "read;fill-err:60000;fill-out:500000", options: { first: "out" } },
  "stderr is read first": { ill: "read;fill-out:60000;fill-err:500000", options: { first: "err" } },
  ...Object.fromEntries(
    [100, 60_000, 62_000, 65_536].map((n) => [
      `nothing is read before the end of the plugin, of ${n} bytes`,
      { ill: `read;fill-out:${n};err:e\\n;exit:2`, options: { first: "exit", limitMs: 3_000 } },
    ]),
  ),
  "stdout is read first, to a full pipe of the other": {
    ill: "fill-err:65536;fill-out:65536;exit:2",
    options: { first: "out", limitMs: 3_000 },
  },
  "stderr is read first, to a full pipe of the other": {
    ill: "fill-out:65536;fill-err:65536;exit:2",
    options: { first: "err", limitMs: 3_000 },
  },
  "the reader leaves": { ill: "read;until-error", options: { out: "leave" } },
  "the reader leaves and SIGPIPE is ignored": {
    ill: "read;until-error;exit:7",
    options: { out: "leave", ignore: PIPE },
  },
  "the reader leaves and the plugin ignores SIGPIPE": {
    ill: `read;ignore:${PIPE};until-error;exit:7`,
    options: { out: "leave" },
  },
  "stdout is full": { ill: "read;out:{}", options: { out: "/dev/full" } },
  "stdout is full of much": { ill: "read;fill-out:1000000", options: { out: "/dev/full" } },
  "stdout is full and the plugin says nothing": { ill: "read", options: { out: "/dev/full" } },
  "stdout is /dev/null": { ill: "read;fill-out:1000000;exit:2", options: { out: "/dev/null" } },
  "stderr is /dev/null": { ill: "read;fill-err:1000000;out:{}", options: { err: "/dev/null" } },
  "stdout is closed and the plugin says nothing": { ill: "read;err:e\\n;exit:3", options: { out: "closed" } },
  "stderr is closed and the plugin says nothing there": { ill: "read;out:{}", options: { err: "closed" } },
  "all are closed": { ill: "exit:6", options: { in: "pipe", out: "closed", err: "closed" } },
};

for (const form of forms) {
  describe.concurrent(`a plugin wrapped ${form} answers as the bare one`, () => {
    test.each(Object.entries(calls))("if %s", async (_what, call) => {
      const { lines } = await expectSameAnswer(form, call);
      expect(lines).toHaveLength(2);
    });

    test.each([{}, { append: 1 }])("if stdout is a file: %j", async (how) => {
      await withScratch(async (scratch) => {
        const call: BareCall = { ill: "read;fill-out:1000000;err:e\\n;out:end;exit:2" };
        const out = scratch.path("out");
        const run = await runPlugin({ ...wrappedCall(form, scratch, call), options: { out, ...how } });
        const { stdout, ...rest } = await runPlugin(bareCall(call));
        expect(readFileSync(out).equals(stdout)).toBe(true);
        expect(answerOf({ ...run, stdout })).toEqual(answerOf({ ...rest, stdout }));
      });
    });

    test("if one pipe is for both, but for the order", async () => {
      await withScratch(async (scratch) => {
        const call: BareCall = { ill: "read;both:3000;exit:2", options: { err: "same" } };
        const run = await runPlugin(wrappedCall(form, scratch, call));
        const bare = (await runPlugin(bareCall(call))).stdout.toString();
        for (const own of [/[a-j\n]/g, /[A-J ]/g])
          expect(run.stdout.toString().match(own)?.join("")).toBe(bare.match(own)?.join(""));
        expect(run.stdout.length).toBe(bare.length);
        expect(run.exit).toBe(2);
      });
    });

    test("if nobody reads stderr, but for the plugin's death of it", async () => {
      await withScratch(async (scratch) => {
        const call: BareCall = { ill: `read;ignore:${PIPE};out:{}`, options: { err: "gone" } };
        const run = await runPlugin(wrappedCall(form, scratch, call));
        expect(answerOf(run)).toEqual(await bareAnswer(call));
      });
    });
  });
}

describe.concurrent("a call by a plugin's name", () => {
  for (const command of ["VERSION", "STATUS"]) {
    test.each(["out:{}", "read:5;out:{};exit:3", "close:0;out:{}"])(
      `that is not logged answers ${command} while stdin has no end: %s`,
      async (ill) => {
        await expectSameAnswer("by its name", { ill, command, options: { in: "open" } });
      },
    );
  }

  test.each(["closed", "null"])("has an empty stdin where it is %s", async (stdin) => {
    for (const command of ["VERSION", "ADD"])
      await expectSameAnswer("by its name", { ill: "count;exit:2", command, options: { in: stdin } });
  });

  test("hands on more than is ever read for the log", async () => {
    const config = { cniVersion: "1.0.0", text: "x".repeat(65 * 1024 * 1024) };
    const { lines } = await expectSameAnswer("by its name", { ill: "count", config });
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/,"input":"\[not JSON: larger than 64 MiB at \d+\]"\}$/);
  });

  test("hands 5 MB of stdin on", async () => {
    const config = { cniVersion: "1.0.0", text: "x".repeat(5_000_000) };
    await expectSameAnswer("by its name", { ill: "cat", command: "VERSION", config });
  });
});

import { closeSync, copyFileSync, mkdirSync, openSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { expectErrorObject } from "../support/error-object.ts";
import type { Scratch } from "../support/scratch.ts";
import { readPair } from "./support/log.ts";
import { buildPrograms, illPath } from "./support/programs.ts";
import { answerOf, runPlugin } from "./support/run-plugin.ts";
import { type BareCall, bareCall, forms, withScratch, wrappedCall } from "./support/wrapped.ts";

/* A program that somebody writes cannot be started (ETXTBSY): as libcni does, it is tried six times, a second apart. */

beforeAll(buildPrograms);

function ownPlugin(scratch: Scratch, call: BareCall): BareCall {
  mkdirSync(scratch.path("bin"));
  copyFileSync(illPath, scratch.path("bin/ill"));
  return { folder: scratch.path("bin"), ...call };
}

describe.concurrent("a program that is being written", () => {
  for (const form of forms) {
    test(`for too long cannot be started, wrapped ${form}`, async () => {
      await withScratch(async (scratch) => {
        const call = ownPlugin(scratch, { command: "DEL" });
        const writing = openSync(scratch.path("bin/ill"), "r+");
        const run = await runPlugin(wrappedCall(form, scratch, call));
        closeSync(writing);
        expect(answerOf(run)).toMatchObject({ exit: 1, signal: null, stderr: "", left: [] });
        const msg = `Cannot start ${scratch.path("bin/ill")}: Text file busy`;
        expect(expectErrorObject(run.stdout, 999)).toMatchObject({ msg });
        expect(run.ms).toBeGreaterThan(4_000);
        expect(readPair(scratch.lines())[1].payload).toBe(run.stdout.toString());
      });
    });

    test(`is waited for, wrapped ${form}`, async () => {
      await withScratch(async (scratch) => {
        const call = ownPlugin(scratch, { ill: "cat" });
        const bare = answerOf(await runPlugin(bareCall(call)));
        const writing = openSync(scratch.path("bin/ill"), "r+");
        setTimeout(() => closeSync(writing), 1_500);
        const run = await runPlugin(wrappedCall(form, scratch, call));
        expect(answerOf(run)).toEqual(bare);
        expect(run.ms).toBeGreaterThan(1_400);
        readPair(scratch.lines());
      });
    });
  }
});

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { type Scratch, splitLines } from "../support/scratch.ts";
import { readPair, readWrapLine } from "./support/log.ts";
import { buildPrograms } from "./support/programs.ts";
import { answerOf, runPlugin } from "./support/run-plugin.ts";
import { type BareCall, forms, withScratch, wrappedCall } from "./support/wrapped.ts";

/* What happens to the log between the two lines. */

beforeAll(buildPrograms);

/** A plugin that does something with the log or the lock while it runs. */
function scripted(scratch: Scratch, commands: string): BareCall {
  mkdirSync(scratch.path("bin"));
  writeFileSync(scratch.path("bin/scripted"), `#!/bin/sh\ncat >/dev/null\n${commands}\necho {}\n`, {
    mode: 0o755,
  });
  return { type: "scripted", folder: scratch.path("bin") };
}

const done = { stdout: "{}\n", stderr: "", exit: 0, signal: null, left: [] };

for (const form of forms) {
  describe.concurrent(`of a plugin wrapped ${form}`, () => {
    test("the log may be rotated before each line", async () => {
      await withScratch(async (scratch) => {
        const call: BareCall = { ill: "read;out:{}\\n" };
        const run = await runPlugin(wrappedCall(form, scratch, call, { logMaxBytes: 10 }));
        expect(answerOf(run)).toEqual(done);
        const older = splitLines(readFileSync(`${scratch.logFile}.1`));
        readPair([...older, ...scratch.lines()]);
      });
    });

    test("the log may be moved away", async () => {
      await withScratch(async (scratch) => {
        const call = scripted(scratch, `mv ${scratch.logFile} ${scratch.path("moved")}`);
        expect(answerOf(await runPlugin(wrappedCall(form, scratch, call)))).toEqual(done);
        readPair([...splitLines(readFileSync(scratch.path("moved"))), ...scratch.lines()]);
      });
    });

    test("the log and the lock may be removed", async () => {
      await withScratch(async (scratch) => {
        const call = scripted(scratch, `rm ${scratch.logFile} ${scratch.lockFile}`);
        expect(answerOf(await runPlugin(wrappedCall(form, scratch, call)))).toEqual(done);
        const [line = "", ...rest] = scratch.lines();
        expect(rest).toEqual([]);
        expect(readWrapLine(line).names.at(-1)).toBe("output");
      });
    });

    test("the log may become a symbolic link, which is not followed", async () => {
      await withScratch(async (scratch) => {
        const target = scratch.path("target");
        writeFileSync(target, "precious", { mode: 0o600 });
        const call = scripted(scratch, `rm ${scratch.logFile}; ln -s ${target} ${scratch.logFile}`);
        const run = await runPlugin(wrappedCall(form, scratch, call));
        expect(run.stderr.toString()).toMatch(/^cni_wrap: Cannot open logFile: [^\n]+\n$/);
        expect(answerOf({ ...run, stderr: Buffer.alloc(0) })).toEqual(done);
        expect(readFileSync(target, "utf8")).toBe("precious");
      });
    });

    test("the folder of the log may be removed", async () => {
      await withScratch(async (scratch) => {
        mkdirSync(scratch.path("logs"));
        const files = { logFile: scratch.path("logs/cni.log"), lockFile: scratch.path("logs/cni.lock") };
        const call = scripted(scratch, `rm -r ${scratch.path("logs")}`);
        const run = await runPlugin(wrappedCall(form, scratch, call, files));
        expect(run.stderr.toString()).toMatch(/^cni_wrap: [^\n]+\n$/);
        expect(answerOf({ ...run, stderr: Buffer.alloc(0) })).toEqual(done);
      });
    });

    test("the plugin does not have the log or the lock open, nor holds the lock", async () => {
      await withScratch(async (scratch) => {
        const call = scripted(scratch, `flock -n ${scratch.lockFile} true || exit 9\nls -l /proc/$$/fd >&2`);
        const run = await runPlugin(wrappedCall(form, scratch, call));
        expect(run.exit).toBe(0);
        expect(run.stderr.toString()).not.toContain("cni.l");
      });
    });

    test("a plugin's type cannot forge a classic line", async () => {
      await withScratch(async (scratch) => {
        const call: BareCall = { type: "a,b c\nd", folder: "/no/such/folder" };
        await runPlugin(wrappedCall(form, scratch, call, { logFormat: "classic" }));
        expect(scratch.lines()).toHaveLength(2);
        for (const line of scratch.lines())
          expect(line).toMatch(/^CNI_COMMAND=ADD,CNI_CONTAINERID=c1,plugin=a\\x2cb\\x20c\\x0ad,/i);
      });
    });

    test("both lines have the trace", async () => {
      await withScratch(async (scratch) => {
        const env = {
          TRACEPARENT: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          TRACESTATE: "v=1",
        };
        await runPlugin(wrappedCall(form, scratch, { ill: "read;out:{}", env }));
        expect(scratch.lines()).toHaveLength(2);
        for (const line of scratch.lines())
          expect(readWrapLine(line).members).toMatchObject({
            traceparent: env.TRACEPARENT,
            tracestate: "v=1",
          });
      });
    });

    test("nothing of the environment but the CNI variables is logged", async () => {
      await withScratch(async (scratch) => {
        const env = { HTTPS_PROXY: "http://user:hunter2@proxy", OTHER: "hunter2" };
        await runPlugin(wrappedCall(form, scratch, { ill: "read;out:{}", env }));
        expect(scratch.lines()).toHaveLength(2);
        expect(scratch.log().toString()).not.toMatch(/hunter2|HOME|CNI_PATH/);
      });
    });
  });
}

import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Scratch } from "../support/scratch.ts";
import { bareAnswer } from "./support/compare.ts";
import { buildPrograms, illPath, wrapPath } from "./support/programs.ts";
import { answerOf, type PluginRun, runPlugin } from "./support/run-plugin.ts";
import {
  type BareCall,
  bareCall,
  type Form,
  forms,
  logSettings,
  withScratch,
  wrappedCall,
} from "./support/wrapped.ts";

/*
 * Where memory, descriptors or processes cannot be had, the plugin runs and answers all the same, and once. To be started at
 * all, cni_wrap needs 3 MB of addresses, 2 MB of them for data.
 */

beforeAll(buildPrograms);

const [FSIZE, DATA, STACK, NPROC, NOFILE, AS] = [1, 2, 3, 6, 7, 9];
const config = { cniVersion: "1.0.0", name: "n", prevResult: { text: "x".repeat(200_000) } };
const small = { cniVersion: "1.0.0", name: "n" };

/** Without stderr: what cni_wrap could not do, it may say. */
function resultOf(run: PluginRun) {
  const { stderr: _, ...result } = answerOf(run);
  return result;
}

async function expectResult(form: Form, call: BareCall): Promise<void> {
  await withScratch(async (scratch) => {
    const mark = scratch.path("mark");
    const marked = { ...call, ill: `mark:${mark};${call.ill}` };
    const run = await runPlugin(wrappedCall(form, scratch, marked));
    const { stderr: _, ...bare } = await bareAnswer(call);
    expect(resultOf(run)).toEqual(bare);
    expect(existsSync(mark) && readFileSync(mark, "utf8")).toMatch(/^\d+\n$/);
    const log = scratch.log().toString(); // perhaps cut
    for (const member of [/"input":/g, /"output":/g])
      expect((log.match(member) ?? []).length).toBeLessThan(2);
  });
}

for (const form of forms) {
  for (const [what, content] of [
    ["a small request", small],
    ["a big request", config],
  ] as const) {
    describe.concurrent(`a plugin wrapped ${form} with ${what} answers once`, () => {
      test.each([4, 5, 6, 7, 8, 9, 10, 11, 12, 16])("with %d descriptors", async (n) => {
        await expectResult(form, {
          ill: "cat;exit:3",
          config: content,
          options: { limit: `${NOFILE}:${n}:${n}` },
        });
      });

      test.each([4, 8, 64])("with %d MB of addresses", async (mb) => {
        const limit = `${AS}:${mb * 1024 * 1024}:${mb * 1024 * 1024}`;
        await expectResult(form, { ill: "cat;exit:3", config: content, options: { limit } });
      });

      test.each([2, 4, 16])("with %d MB of data", async (mb) => {
        const limit = `${DATA}:${mb * 1024 * 1024}:-1`;
        await expectResult(form, { ill: "cat;exit:3", config: content, options: { limit } });
      });

      test("with a stack of 64 KB", async () => {
        await expectResult(form, { ill: "cat", config: content, options: { limit: `${STACK}:65536:65536` } });
      });

      test("with files of 100 bytes", async () => {
        await expectResult(form, {
          ill: "read;out:{}",
          config: content,
          options: { limit: `${FSIZE}:100:100` },
        });
      });
    });
  }
}

describe.concurrent("a plugin wrapped by its name has all of stdin that there is no memory for", () => {
  test.each([4, 6, 8])("with %d MB of addresses", async (mb) => {
    const limit = `${AS}:${mb * 1024 * 1024}:${mb * 1024 * 1024}`;
    const text = "x".repeat(5_000_000);
    await expectResult("by its name", { ill: "count", config: { ...small, text }, options: { limit } });
  });
});

describe.concurrent("a plugin has all of its output handed on that there is no memory for", () => {
  for (const form of forms) {
    test.each(["fill-out:20000000", "fill-err:20000000", "fill-err:3000000;fill-out:3000000"])(
      `wrapped ${form}: %s`,
      async (ill) => {
        const limit = `${AS}:${8 * 1024 * 1024}:${8 * 1024 * 1024}`;
        await expectResult(form, { ill: `read;${ill};exit:2`, options: { limit, sum: 1 } });
      },
    );
  }
});

const NOBODY = 65_534;

/** What another user may read and start: a folder of its own with all programs. */
function giveTo(user: number, scratch: Scratch): string {
  const folder = scratch.path("bin");
  mkdirSync(`${folder}/cni-tap`, { recursive: true });
  for (const [from, name] of [
    [illPath, "ill"],
    [wrapPath(), "cni_wrap"],
  ] as const) {
    copyFileSync(from, `${folder}/${name}`);
    chmodSync(`${folder}/${name}`, 0o755);
  }
  symlinkSync("../cni_wrap", `${folder}/cni-tap/ill`);
  chownSync(scratch.folder, user, user);
  return folder;
}

describe.runIf(process.getuid?.() === 0)("a user who may start no process", () => {
  test.each([1_000, 60_000, 300_000, 5_000_000])(
    "gets the plugin in the wrapper's place, with %d bytes",
    async (bytes) => {
      await withScratch(async (scratch) => {
        const call = callOfNobody(scratch, bytes);
        const { stdin } = wrappedCall("in a list", scratch, call);
        const run = await runPlugin({
          ...bareCall(call),
          program: `${call.folder}/cni_wrap`,
          stdin: stdin ?? "",
        });
        expect(resultOf(run)).toEqual(resultOf(await runPlugin(bareCall(call))));
        expect(run.exit).toBe(5);
        const [line = "", ...rest] = scratch.lines();
        expect(rest).toEqual([]);
        expect(line).toContain('"input":');
      });
    },
  );

  test.each([1_000, 300_000, 65 * 1024 * 1024])(
    "gets the plugin in its link's place, with %d bytes",
    async (bytes) => {
      await withScratch(async (scratch) => {
        const call = callOfNobody(scratch, bytes);
        const settings = JSON.stringify(logSettings(scratch));
        writeFileSync(`${call.folder}/cni-tap/cni-tap.json`, settings);
        const bare = bareCall(call);
        const run = await runPlugin({ ...bare, program: `${call.folder}/cni-tap/ill` });
        expect(resultOf(run)).toEqual(resultOf(await runPlugin(bare)));
        expect(scratch.lines()).toHaveLength(1);
      });
    },
  );
});

function callOfNobody(scratch: Scratch, bytes: number): BareCall & { readonly folder: string } {
  return {
    ill: bytes > 10_000_000 ? "count;exit:5" : "cat;err:e\\n;exit:5",
    folder: giveTo(NOBODY, scratch),
    config: { ...small, text: "x".repeat(bytes) },
    options: { uid: NOBODY, limit: `${NPROC}:0:0` },
  };
}

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { expectErrorObject } from "../support/error-object.ts";
import type { Scratch } from "../support/scratch.ts";
import { readPair } from "./support/log.ts";
import { buildPrograms, illPath, wrapPath } from "./support/programs.ts";
import { answerOf, type PluginRun, runPlugin } from "./support/run-plugin.ts";
import { type BareCall, bareCall, type Form, forms, withScratch, wrappedCall } from "./support/wrapped.ts";

/* What may lie in a plugin's place: programs of all kinds, and what is none. */

beforeAll(buildPrograms);

type Place = (path: string) => void;

function script(text: string, mode = 0o755): Place {
  return (path) => {
    writeFileSync(path, text);
    chmodSync(path, mode);
  };
}

const programs: Readonly<Record<string, Place>> = {
  "a shell script": script('#!/bin/sh\necho "$0 $#"; cat; echo e >&2; exit 3\n'),
  "a script that a signal ends": script("#!/bin/sh\necho half; kill -9 $$\n"),
  "a script that leaves a child": script("#!/bin/sh\ncat; (sleep 0.3; echo late) &\n"),
  "a script that leaves a child with stderr": script(
    "#!/bin/sh\ncat; (sleep 0.3; echo late >&2) >&- &\nexit 4\n",
  ),
  "a script with an argument for its interpreter": script("#!/bin/sh -e\necho {}; false; echo never\n"),
  "a symbolic link to a program": (path) => symlinkSync(illPath, path),
  "a symbolic link to a script": (path) => {
    script("#!/bin/sh\necho $0\n")(`${path}-2`);
    symlinkSync("plugin-2", path);
  },
  "a program with a second name": (path) => {
    copyFileSync(illPath, `${path}-2`);
    linkSync(`${path}-2`, path);
  },
  "a program that only its owner may start": (path) => {
    copyFileSync(illPath, path);
    chmodSync(path, 0o500);
  },
};

const noPrograms: Readonly<Record<string, readonly [reason: string, Place]>> = {
  "a script without #!": ["Exec format error", script("echo hello\n")],
  "a text": ["Exec format error", script("hello")],
  "an empty file": ["Exec format error", script("")],
  "half a program": ["Exec format error", script("\x7fELF")],
  "a file that is not executable": ["Permission denied", script("#!/bin/sh\n", 0o644)],
  "a script whose interpreter is missing": ["No such file or directory", script("#!/no/such/shell\n")],
};

const notFound: Readonly<Record<string, Place>> = {
  nothing: () => {},
  "a directory": (path) => mkdirSync(path),
  "a symbolic link to nothing": (path) => symlinkSync("nothing", path),
  "a symbolic link to itself": (path) => symlinkSync(path, path),
  "a FIFO": (path) => void execFileSync("mkfifo", [path]),
  "cni_wrap itself": (path) => symlinkSync(wrapPath(), path),
};

/** Makes the call of a plugin of the type `plugin` that `place` has put into a folder. */
async function runPlaced(
  form: Form,
  scratch: Scratch,
  place: Place,
  more: BareCall = {},
): Promise<PluginRun> {
  return runPlugin(wrappedCall(form, scratch, placed(scratch, place, more)));
}

const copyIll: Place = (path) => copyFileSync(illPath, path);

function placed(scratch: Scratch, place: Place, more: BareCall): BareCall {
  const folder = scratch.path("bin");
  mkdirSync(folder);
  place(join(folder, "plugin"));
  return { type: "plugin", folder, ...more };
}

function expectError(run: PluginRun, msg: string): void {
  expect(answerOf(run)).toMatchObject({ exit: 1, signal: null, stderr: "", left: [] });
  expect(expectErrorObject(run.stdout, 999)).toMatchObject({ cniVersion: "1.0.0", msg });
}

// The longest come first: they wait, as libcni does, a second before each of five more tries.
describe.concurrent("a program that is being written", () => {
  for (const form of forms) {
    test(`for too long cannot be started, wrapped ${form}`, async () => {
      await withScratch(async (scratch) => {
        const call = placed(scratch, copyIll, { command: "DEL" });
        const writing = openSync(scratch.path("bin/plugin"), "r+");
        const run = await runPlugin(wrappedCall(form, scratch, call));
        closeSync(writing);
        expect(answerOf(run)).toMatchObject({ exit: 1, signal: null, stderr: "", left: [] });
        const msg = `Cannot start ${scratch.path("bin/plugin")}: Text file busy`;
        expect(expectErrorObject(run.stdout, 999)).toMatchObject({ msg });
        expect(run.ms).toBeGreaterThan(4_000);
        expect(readPair(scratch.lines())[1].payload).toBe(run.stdout.toString());
      });
    });

    test(`is waited for, wrapped ${form}`, async () => {
      await withScratch(async (scratch) => {
        const call = placed(scratch, copyIll, { ill: "cat" });
        const bare = answerOf(await runPlugin(bareCall(call)));
        const writing = openSync(scratch.path("bin/plugin"), "r+");
        setTimeout(() => closeSync(writing), 1_500);
        const run = await runPlugin(wrappedCall(form, scratch, call));
        expect(answerOf(run)).toEqual(bare);
        expect(run.ms).toBeGreaterThan(1_400);
        readPair(scratch.lines());
      });
    });
  }
});

for (const form of forms) {
  describe.concurrent(`wrapped ${form}`, () => {
    for (const [what, place] of Object.entries(programs)) {
      test(`${what} answers as if it were bare`, async () => {
        await withScratch(async (scratch) => {
          const call = placed(scratch, place, { ill: "dump;cat;exit:3" });
          const bare = await runPlugin(bareCall(call));
          expect(answerOf(await runPlugin(wrappedCall(form, scratch, call)))).toEqual(answerOf(bare));
          expect(scratch.lines()).toHaveLength(2);
        });
      });
    }

    for (const command of ["ADD", "DEL", "CHECK", "GC"]) {
      for (const [what, [reason, place]] of Object.entries(noPrograms)) {
        test(`${what} cannot be started for ${command}`, async () => {
          await withScratch(async (scratch) => {
            const run = await runPlaced(form, scratch, place, { command });
            expectError(run, `Cannot start ${scratch.path("bin/plugin")}: ${reason}`);
            const [, end] = readPair(scratch.lines());
            expect(end.members).toMatchObject({ plugin: "plugin", exit: 1 });
            expect(end.payload).toBe(run.stdout.toString());
          });
        });
      }

      for (const [what, place] of Object.entries(notFound)) {
        test(`${what} is no plugin for ${command}`, async () => {
          await withScratch(async (scratch) => {
            const run = await runPlaced(form, scratch, place, { command });
            const { msg } = expectErrorObject(run.stdout, 999);
            expectError(run, String(msg));
            // A folder in which cni_wrap itself has the plugin's name is none to search.
            if (what === "cni_wrap itself")
              expect(msg).toMatch(/^failed to find plugin "plugin" in path \[.*\]$/);
            else expect(msg).toBe(`failed to find plugin "plugin" in path [${scratch.path("bin")}]`);
            const [, end] = readPair(scratch.lines());
            expect(end.payload).toBe(run.stdout.toString());
          });
        });
      }
    }

    test("an error object has the version of the request, as written", async () => {
      await withScratch(async (scratch) => {
        const run = await runPlaced(form, scratch, () => {}, { config: { cniVersion: "0.3.1", name: "n" } });
        expect(expectErrorObject(run.stdout, 999)).toMatchObject({ cniVersion: "0.3.1" });
      });
    });

    test("the error of STATUS is not logged, but given", async () => {
      await withScratch(async (scratch) => {
        const run = await runPlaced(form, scratch, () => {}, { command: "STATUS" });
        const msg = `failed to find plugin "plugin" in path [${scratch.path("bin")}]`;
        // By the plugin's name stdin is not read, so its version is not known.
        expect(expectErrorObject(run.stdout, 999)).toMatchObject({ msg });
        expect(run.exit).toBe(1);
        expect(scratch.lines()).toEqual([]);
      });
    });
  });
}

describe.concurrent("types that no plugin may have", () => {
  test.each([
    ["", "no plugin name provided"],
    ["a/b", "invalid plugin name: a/b"],
    ["/bin/true", "invalid plugin name: /bin/true"],
    ["../ill", "invalid plugin name: ../ill"],
    ["a\0b", /./],
    ["ill\0", /./],
  ])("%j is refused", async (type, msg) => {
    await withScratch(async (scratch) => {
      const run = await runPlugin(wrappedCall("in a list", scratch, { type, ill: "out:never" }));
      expect(answerOf(run)).toMatchObject({ exit: 1, signal: null, stderr: "" });
      const error = expectErrorObject(run.stdout, 999);
      if (typeof msg === "string") expect(error).toMatchObject({ msg });
    });
  });

  test.each([
    ['a"b', String.raw`"a\"b"`],
    ["a b", '"a b"'],
    ["grün", '"grün"'],
    ["a\tb\n", String.raw`"a\tb\n"`],
    ["a\\b", String.raw`"a\\b"`],
    ["x".repeat(300), `"${"x".repeat(300)}"`],
    ["cni_wrap", '"cni_wrap"'],
    ["%s%n", '"%s%n"'],
  ])("%j is quoted as Go does", async (type, quoted) => {
    await withScratch(async (scratch) => {
      const run = await runPlugin(wrappedCall("in a list", scratch, { type, folder: "/no/such/folder" }));
      expect(answerOf(run)).toMatchObject({ exit: 1, signal: null, stderr: "" });
      const { msg } = expectErrorObject(run.stdout, 999);
      expect(msg).toBe(`failed to find plugin ${quoted} in path [/no/such/folder]`);
    });
  });

  test("cni_wrap does not wrap itself", async () => {
    await withScratch(async (scratch) => {
      const folder = dirname(wrapPath());
      const run = await runPlugin(wrappedCall("in a list", scratch, { type: "cni_wrap", folder }));
      expect(expectErrorObject(run.stdout, 999).msg).toMatch(/^failed to find plugin "cni_wrap" in path \[/);
      expect(scratch.lines()).toHaveLength(2);
    });
  });

  test.each([".", ".."])("%j is a folder", async (type) => {
    await withScratch(async (scratch) => {
      const run = await runPlugin(wrappedCall("in a list", scratch, { type }));
      expect(expectErrorObject(run.stdout, 999).msg).toMatch(/^failed to find plugin "/);
    });
  });
});

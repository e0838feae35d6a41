import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { describeOnPrivateMachine, unshare } from "../support/private-mounts.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { bareAnswer } from "./support/compare.ts";
import { expectOneComplaint } from "./support/log.ts";
import { buildPrograms } from "./support/programs.ts";
import { answerOf, type PluginRun, runPlugin } from "./support/run-plugin.ts";
import { type BareCall, forms, type Settings, withScratch, wrappedCall } from "./support/wrapped.ts";

/* A log or lock that fails costs one complaint after the plugin's own stderr, and nothing else. */

beforeAll(buildPrograms);

const FSIZE = 1;

const calls: readonly BareCall[] = [
  { ill: 'read;out:{"cniVersion":"1.0.0"}' },
  { ill: "read;err:WARN of the plugin\\n;out:{};exit:1" },
  { ill: "read;err:no line feed;fill-out:200000;kill:15" },
];

/** Expects the bare plugin's answer, but for one complaint more on stderr, and returns that. */
async function expectComplaint(call: BareCall, run: PluginRun): Promise<string> {
  const bare = await bareAnswer(call);
  const complaint = expectOneComplaint(run.stderr, bare.stderr);
  expect({ ...answerOf(run), stderr: bare.stderr }).toEqual(bare);
  return complaint;
}

const planted: Readonly<Record<string, readonly [RegExp, (scratch: Scratch) => void]>> = {
  "a symbolic link": [
    /Cannot open logFile/,
    ({ path, logFile }) => {
      writeFileSync(path("target"), "precious", { mode: 0o600 });
      symlinkSync(path("target"), logFile);
    },
  ],
  "a symbolic link to nothing": [
    /Cannot open logFile/,
    ({ path, logFile }) => symlinkSync(path("no"), logFile),
  ],
  "a directory": [/Cannot (open|use) logFile/, ({ logFile }) => mkdirSync(logFile)],
  "a file with a second name": [
    /Cannot use logFile/,
    ({ path, logFile }) => {
      writeFileSync(path("target"), "precious", { mode: 0o600 });
      linkSync(path("target"), logFile);
    },
  ],
  "a file that others may write": [
    /Cannot use logFile/,
    ({ logFile }) => {
      writeFileSync(logFile, "");
      chmodSync(logFile, 0o666);
    },
  ],
};

/** Settings that cannot be used, each with a word of its complaint. */
const settings: readonly (readonly [Settings, RegExp])[] = [
  [{ logFile: "/dev/full" }, /logFile/],
  [{ logFile: "/no/such/folder/cni.log" }, /Cannot open logFile: No such file or directory/],
  [{ lockFile: "/no/such/folder/cni.lock" }, /Cannot open lockFile: No such file or directory/],
  [{ lockTimeoutMs: -1 }, /Cannot use lockTimeoutMs/],
  [
    { label: 7, logMaxBytes: "x" },
    /Cannot use logMaxBytes.*Cannot use label|Cannot use label.*Cannot use logMaxBytes/,
  ],
];

for (const form of forms) {
  for (const [index, call] of calls.entries()) {
    describe.concurrent(`a plugin wrapped ${form} answers as the bare one (${index})`, () => {
      for (const [what, [reason, plant]] of Object.entries(planted)) {
        test(`with ${what} in the log's place`, async () => {
          await withScratch(async (scratch) => {
            plant(scratch);
            const run = await runPlugin(wrappedCall(form, scratch, call));
            expect(await expectComplaint(call, run)).toMatch(reason);
            if (scratch.names().includes("target"))
              expect(readFileSync(scratch.path("target"), "utf8")).toBe("precious");
            expect(scratch.names()).not.toContain("no");
          });
        });
      }

      test.each(settings)("with the settings %j", async (more, reason) => {
        await withScratch(async (scratch) => {
          const run = await runPlugin(wrappedCall(form, scratch, call, more));
          expect(await expectComplaint(call, run)).toMatch(reason);
        });
      });

      test("if no file may grow", async () => {
        await withScratch(async (scratch) => {
          const limited = { ...call, options: { limit: `${FSIZE}:0:-1` } };
          const run = await runPlugin(wrappedCall(form, scratch, limited));
          expect(await expectComplaint(call, run)).toMatch(/Cannot write to logFile/);
          expect(statSync(scratch.logFile).size).toBe(0);
        });
      });
    });
  }
}

describeOnPrivateMachine("on a full disk", () => {
  for (const form of forms) {
    test(`a plugin wrapped ${form} answers as the bare one`, async () => {
      const scratch = useScratch({ log: "disk/cni.log", lock: "cni.lock" });
      mkdirSync(scratch.path("disk"));
      const fill = `mount -t tmpfs -o size=8k none ${scratch.path("disk")}
umask 077; head -c 8192 /dev/zero > ${scratch.logFile}; exec "$@"`;
      for (const call of calls) {
        const run = await runPlugin({
          ...wrappedCall(form, scratch, call),
          inside: [...unshare, "sh", "-c", fill, "sh"],
        });
        expect(await expectComplaint(call, run)).toMatch(/Cannot write to logFile/);
        rmSync(scratch.path("cni-tap"), { recursive: true, force: true });
      }
    });
  }
});

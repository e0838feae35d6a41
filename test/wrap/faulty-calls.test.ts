import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { expectErrorObject } from "../support/error-object.ts";
import { describeOnPrivateMachine } from "../support/private-mounts.ts";
import { formats } from "../support/stanza.ts";
import { expectSameAnswer } from "./support/compare.ts";
import { expectOneComplaint, readPair, readWrapLine } from "./support/log.ts";
import { type PrivateCalls, privatePlugins, privateWrap, usePrivateCalls } from "./support/private-call.ts";
import { buildPrograms, wrapPath } from "./support/programs.ts";
import { answerOf, type PluginRun, runPlugin } from "./support/run-plugin.ts";
import { type BareCall, bareCall, forms, linkTo, logSettings, withScratch } from "./support/wrapped.ts";

/* Calls of which cni_wrap cannot know which plugin is meant, and calls that no plugin would take. */

beforeAll(buildPrograms);

const mark = "/tmp/mark";
const never = `mark:${mark};out:never`;
const noPlugin = "cni_wrap: cniTap.type names no plugin";

function inList({ run }: PrivateCalls, call: BareCall): Promise<PluginRun> {
  return run({ ...bareCall({ folder: privatePlugins, ill: never, ...call }), program: privateWrap });
}

function expectNothing(run: PluginRun): void {
  expect(answerOf(run)).toEqual({ stdout: "", stderr: "", exit: 0, signal: null, left: [] });
}

function expectRefusal(run: PluginRun, code: number, msg: RegExp | string): void {
  expect(answerOf(run)).toMatchObject({ stderr: "", exit: 1, signal: null, left: [] });
  expect(expectErrorObject(run.stdout, code)).toMatchObject({
    msg: typeof msg === "string" ? msg : expect.stringMatching(msg),
  });
}

const notJson = [
  "",
  "hello",
  "[{}]",
  '{"cniTap":{"type":"ill"}',
  '{"cniTap":{"type":"ill"}}x',
  "null",
  "\u0000",
];

describeOnPrivateMachine("stdin in a list that is not one JSON object", () => {
  for (const command of ["ADD", "CHECK"]) {
    test.each(command === "ADD" ? notJson : notJson.slice(0, 2))(
      `is refused for ${command}: %j`,
      async (stdin) => {
        const calls = usePrivateCalls();
        expectRefusal(await inList(calls, { command, stdin }), 6, /^stdin is not JSON: .+ at byte \d+/);
        expect(calls.scratch.lines()).toEqual([
          expect.stringMatching(/^stdin is not JSON: .*,CNI_CONTAINERID=c1$/),
        ]);
        expect(calls.scratch.names("tmp")).toEqual(["cni.log"]);
      },
    );
  }

  test.each(notJson)("lets DEL pass with a note: %j", async (stdin) => {
    const calls = usePrivateCalls();
    expectNothing(await inList(calls, { command: "DEL", stdin }));
    expect(calls.scratch.lines()).toEqual([expect.stringMatching(/^stdin is not JSON: .*CNI_COMMAND=DEL,/)]);
    expect(calls.scratch.names("tmp")).toEqual(["cni.log"]);
  });

  for (const command of ["GC", "STATUS", "FUTURE"]) {
    test(`lets ${command} pass without a note`, async () => {
      const calls = usePrivateCalls();
      for (const stdin of notJson.slice(0, 3)) expectNothing(await inList(calls, { command, stdin }));
      expect(calls.scratch.names("tmp")).toEqual([]);
    });
  }

  test("is an empty one if it is closed", async () => {
    const calls = usePrivateCalls();
    expectRefusal(await inList(calls, { stdin: "{}", options: { in: "closed" } }), 6, /^stdin is not JSON/);
  });
});

/** Values of a stanza's cniTap that name no plugin; undefined for a stanza without it. */
const nameless = [
  undefined,
  null,
  1,
  "ill",
  [],
  {},
  { type: null },
  { type: 1 },
  { type: ["ill"] },
  { Type: "ill" },
];

describeOnPrivateMachine("a cniTap that names no plugin", () => {
  for (const command of ["ADD", "CHECK", "FUTURE"]) {
    test.each(command === "ADD" ? nameless : nameless.slice(0, 2))(
      `is refused for ${command}: %j`,
      async (cniTap) => {
        const calls = usePrivateCalls();
        const stdin = JSON.stringify({ cniVersion: "0.4.0", name: "n", type: "cni_wrap", cniTap });
        const run = await inList(calls, { command, stdin });
        expectRefusal(run, 7, noPlugin);
        expect(JSON.parse(run.stdout.toString())).toMatchObject({ cniVersion: "0.4.0" });
        expect(calls.scratch.lines()).toEqual([expect.stringContaining("names no plugin")]);
        expect(calls.scratch.names("tmp")).toEqual(["cni.log"]);
      },
    );
  }

  for (const command of ["DEL", "GC", "STATUS"]) {
    test.each(nameless.slice(0, 3))(`lets ${command} pass: %j`, async (cniTap) => {
      const calls = usePrivateCalls();
      const stdin = JSON.stringify({ cniVersion: "0.4.0", name: "n", type: "cni_wrap", cniTap });
      expectNothing(await inList(calls, { command, stdin }));
      if (command === "DEL") expect(calls.scratch.lines()).toHaveLength(1);
      else expect(calls.scratch.names("tmp")).toEqual([]);
    });
  }
});

describe.concurrent("a cniTap without a type, but with settings", () => {
  for (const logFormat of formats) {
    test.each(["ADD", "DEL", "CHECK"])(`notes %s there in the ${logFormat} format`, async (command) => {
      await withScratch(async (scratch) => {
        const cniTap = { ...logSettings(scratch), logFormat };
        const stdin = JSON.stringify({ cniVersion: "1.0.0", name: "n", type: "cni_wrap", cniTap });
        const run = await runPlugin({
          ...bareCall({ command, ill: "out:never" }),
          program: wrapPath(),
          stdin,
        });
        expect(run.exit).toBe(command === "DEL" ? 0 : 1);
        const [line = "", ...rest] = scratch.lines();
        expect(rest).toEqual([]);
        if (logFormat === "classic") expect(line).toContain("names no plugin");
        else
          expect(readWrapLine(line).members).toMatchObject({
            tap: "wrap",
            command,
            network: "n",
            note: noPlugin,
          });
      });
    });
  }
});

describeOnPrivateMachine("a call in a list without a command", () => {
  test.each([{ command: null }, { env: { CNI_COMMAND: "" } }])("is refused: %j", async (call) => {
    const calls = usePrivateCalls();
    const stdin = '{"cniVersion":"1.0.0","type":"cni_wrap","cniTap":{"type":"ill"}}';
    expectRefusal(await inList(calls, { ...call, stdin }), 4, "env CNI_COMMAND not found");
    expect(calls.scratch.log().toString()).toBe("env CNI_COMMAND not found\n");
    expect(calls.scratch.names("tmp")).toEqual(["cni.log"]);
  });
});

describeOnPrivateMachine("a link without cni-tap.json", () => {
  test("logs to the default file, in the classic format", async () => {
    const calls = usePrivateCalls();
    mkdirSync(calls.scratch.path("bin/cni-tap"));
    symlinkSync("/mnt/cni_wrap", calls.scratch.path("bin/cni-tap/ill"));
    const call = bareCall({ folder: privatePlugins, ill: "cat;err:e\\n;exit:2" });
    const bare = await calls.run(call);
    const run = await calls.run({ ...call, program: `${privatePlugins}/cni-tap/ill` });
    expect(answerOf(run)).toEqual(answerOf(bare));
    const shown = "CNI_COMMAND=ADD,CNI_CONTAINERID=c1,plugin=ill";
    const [begin, end, ...rest] = calls.scratch.lines();
    expect(rest).toEqual([]);
    expect(begin).toBe(`${shown},input=${call.stdin}`);
    expect(end).toMatch(/,plugin=ill,exit=2,ms=\d+\.\d{3},stderr="e\\n",output=\{/);
    expect(end).toContain(`,output=${call.stdin}`);
  });
});

describeOnPrivateMachine("a cni-tap.json that holds no settings", () => {
  test.each(["", "hello", "[]", '{"logFile":', "null", '{"logFile":"relative"}'])(
    "%j costs one complaint",
    async (text) => {
      const calls = usePrivateCalls();
      mkdirSync(calls.scratch.path("bin/cni-tap"));
      symlinkSync("/mnt/cni_wrap", calls.scratch.path("bin/cni-tap/ill"));
      writeFileSync(calls.scratch.path("bin/cni-tap/cni-tap.json"), text);
      const call = bareCall({ folder: privatePlugins, ill: "cat;err:e\\n;exit:2" });
      const bare = await calls.run(call);
      const run = await calls.run({ ...call, program: `${privatePlugins}/cni-tap/ill` });
      expectOneComplaint(run.stderr, "e\n");
      expect(answerOf({ ...run, stderr: bare.stderr })).toEqual(answerOf(bare));
      expect(calls.scratch.lines()).toHaveLength(2);
    },
  );
});

/** What may lie in cni-tap.json's place. */
const planted: Readonly<Record<string, (path: string) => void>> = {
  "a FIFO": (path) => void execFileSync("mkfifo", [path]),
  "a directory": (path) => mkdirSync(path),
  "a symbolic link to nothing": (path) => symlinkSync("nothing", path),
  "a device without an end": (path) => symlinkSync("/dev/zero", path),
  "a file of 20 MB": (path) =>
    writeFileSync(path, `{"logFile":"/tmp/x.log","x":"${"x".repeat(20_000_000)}"}`),
};

describeOnPrivateMachine("in cni-tap.json's place", () => {
  test.each(Object.entries(planted))("%s changes no answer", async (_what, plant) => {
    const calls = usePrivateCalls();
    mkdirSync(calls.scratch.path("bin/cni-tap"));
    symlinkSync("/mnt/cni_wrap", calls.scratch.path("bin/cni-tap/ill"));
    plant(calls.scratch.path("bin/cni-tap/cni-tap.json"));
    const call = bareCall({
      folder: privatePlugins,
      ill: "cat;err:e\\n;exit:2",
      options: { limitMs: 5_000 },
    });
    const bare = await calls.run(call);
    const run = await calls.run({ ...call, program: `${privatePlugins}/cni-tap/ill` });
    expect(run.stderr.toString()).toMatch(/^e\n(cni_wrap: [^\n]+\n)?$/);
    expect(answerOf({ ...run, stderr: bare.stderr })).toEqual(answerOf(bare));
  });
});

describe.concurrent("stdin by the plugin's name that is not JSON", () => {
  test.each([
    ["hello", "not an object at 0"],
    ['{"a":1,}', "unexpected byte at 7"],
    ["", "unexpected end at 0"],
    ["{}{}", "more than one value at 2"],
    ["[1]", "not an object at 0"],
  ])("is the plugin's, and noted as input: %j", async (stdin, reason) => {
    await withScratch(async (scratch) => {
      const program = linkTo(scratch, "ill", logSettings(scratch));
      const run = await runPlugin({ ...bareCall({ ill: "cat;exit:1" }), program, stdin });
      expect(answerOf(run)).toEqual({ stdout: stdin, stderr: "", exit: 1, signal: null, left: [] });
      const [begin, end] = readPair(scratch.lines());
      expect(begin.members).toMatchObject({ network: null, cniVersion: null });
      expect(begin.members.input).toMatch(/^\[not JSON: .+ at \d+\]$/);
      expect(begin.members.input).toBe(`[not JSON: ${reason}]`);
      expect(end.members.exit).toBe(1);
    });
  });

  for (const command of ["DEL", "STATUS", "GC", "VERSION", "FUTURE"]) {
    test(`is the plugin's for ${command}`, async () => {
      await withScratch(async (scratch) => {
        const program = linkTo(scratch, "ill", logSettings(scratch));
        const run = await runPlugin({ ...bareCall({ ill: "cat;exit:3", command }), program, stdin: "hello" });
        expect(answerOf(run)).toEqual({ stdout: "hello", stderr: "", exit: 3, signal: null, left: [] });
      });
    });
  }
});

describe.concurrent("a call without CNI_CONTAINERID", () => {
  for (const form of forms) {
    for (const id of [undefined, ""]) {
      test.each(["ADD", "DEL", "CHECK"])(
        `wrapped ${form} starts the plugin, which will say so: %s, ${id}`,
        async (command) => {
          const { lines } = await expectSameAnswer(form, {
            ill: "cat;exit:4",
            command,
            env: { CNI_CONTAINERID: id },
          });
          expect(readPair(lines)[0].members.containerId).toBe(id ?? null);
        },
      );
    }
  }
});

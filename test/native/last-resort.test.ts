import { constants } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { buildTap } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";
import { expectErrorObject } from "../support/error-object.ts";
import { runTap, type TapRun } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { buildTerminal } from "../support/terminal.ts";
import { ANSWERS, type Answer, expectAnswer } from "./answers.ts";

/*
 * Taps whose script gives no answer, so that the host must answer. Each is the real executable with another script;
 * crashes need a host compiled with TAP_TEST_FAULTS. test/faults/ has faults at each step of the real script.
 */

const SCRIPTS = [
  "throws",
  "throws-early",
  "returns",
  "throws-late",
  "loops",
  "loops-in-builtin",
  "exhausts-memory",
  "overflows-stack",
];
const SIGNALS = ["SIGSEGV", "SIGBUS", "SIGABRT", "SIGFPE", "SIGILL"] as const;

const built = (name: string) => join(ROOT, "build", "faulty", name);

beforeAll(async () => {
  for (const script of SCRIPTS) {
    await buildTap({
      entry: join(ROOT, "test/native/faulty", `${script}.ts`),
      out: built(script),
      name: "cni_post",
      snapshot: false,
      flags: script.startsWith("loops") ? ["-DGUARD_CPU_MS=200"] : [],
    });
  }
  await buildTap({
    entry: join(ROOT, "test/native/faulty/crashes.ts"),
    out: built("crashes"),
    name: "cni_post",
    snapshot: false,
    flags: ["-DTAP_TEST_FAULTS"],
  });
});

function expectLastResort(run: TapRun, answer: Answer): void {
  expectAnswer(run, answer);
  expect(run.stderr).toBe("cni_post: tap script failed\n");
}

describe.each(SCRIPTS)("a tap whose script %s", (script) => {
  test.each(ANSWERS)("$what", async (wanted) => {
    const { env, stdin } = wanted;
    expectLastResort(
      await runTap({ role: "post", exe: built(script), env, stdin, timeoutMs: 30_000 }),
      wanted,
    );
  });
});

describe("the last resort", () => {
  const exe = built("throws");
  const add = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };

  test("fails an ADD whose reply it cannot write", async () => {
    const run = await runTap({ role: "post", exe, env: add, stdin: "{}", stdoutPath: "/dev/full" });
    expect(run).toMatchObject({ code: 1, signal: null });
  });

  test("answers VERSION at a terminal without waiting for input", async () => {
    const scratch = useScratch();
    const via = [buildTerminal(scratch.path("terminal"))];
    const run = await runTap({ role: "post", exe, env: { CNI_COMMAND: "VERSION" }, via, stdin: null });
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout.toString()).cniVersion).toBe("1.1.0");
  });

  test.each([
    ["an empty cniVersion", '{"cniVersion":""}', "1.1.0"],
    ["a number for cniVersion", '{"cniVersion":1}', "1.1.0"],
    ["an incomplete object", '{"cniVersion":"0.4.0"', "1.1.0"],
    ["a known cniVersion", '{"cniVersion":"0.4.0"}', "0.4.0"],
  ])("answers VERSION with %s", async (_, stdin, cniVersion) => {
    const run = await runTap({ role: "post", exe, env: { CNI_COMMAND: "VERSION" }, stdin });
    expect(run.code).toBe(0);
    expect(run.stdout.toString()).toBe(
      JSON.stringify({
        cniVersion,
        supportedVersions: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"],
      }),
    );
  });

  test("answers an ADD whose cniVersion is a number with {}", async () => {
    const run = await runTap({ role: "post", exe, env: add, stdin: '{"cniVersion":1}' });
    expect([run.code, run.stdout.toString()]).toEqual([0, "{}"]);
  });

  test.each(["ADD", "CHECK"])("refuses %s with an empty container ID", async (command) => {
    const env = { CNI_COMMAND: command, CNI_CONTAINERID: "" };
    const run = await runTap({ role: "post", exe, env, stdin: '{"cniVersion":"0.4.0"}' });
    expect(run.code).toBe(1);
    expect(expectErrorObject(run.stdout, 4)).toMatchObject({ cniVersion: "0.4.0" });
  });

  test("refuses an ADD with more than 64 MiB of stdin", async () => {
    const stdin = Buffer.alloc(64 * 1024 * 1024 + 1, " ");
    stdin.write('{"cniVersion":"1.0.0"}');
    const run = await runTap({ role: "post", exe, env: add, stdin });
    expect(run.code).toBe(1);
    expectErrorObject(run.stdout, 6);
  });
});

test.each(["loops", "crashes"])(
  "the host answers for a script that %s if the caller has blocked all signals",
  async (script) => {
    const [answer] = ANSWERS;
    if (!answer) throw new Error("ANSWERS is empty");
    const env = { ...answer.env, TAP_TEST_SIGNAL: String(constants.signals.SIGSEGV) };
    const via = ["/usr/bin/env", "--block-signal"];
    expectLastResort(
      await runTap({ role: "post", exe: built(script), env, via, stdin: answer.stdin }),
      answer,
    );
  },
);

test("the last resort answers when a script has used a second of CPU time", async () => {
  const out = built("loops-for-a-second");
  await buildTap({
    entry: join(ROOT, "test/native/faulty/loops.ts"),
    out,
    name: "cni_post",
    snapshot: false,
  });
  const [add] = ANSWERS;
  if (!add) throw new Error("ANSWERS is empty");
  const { env, stdin } = add;
  const run = await runTap({ role: "post", exe: out, env, stdin, timeoutMs: 30_000 });
  expectLastResort(run, add);
  expect(run.ms).toBeGreaterThanOrEqual(1_000); // also on a busy machine
});

describe.each(SIGNALS)("a tap whose script crashes with %s", (signal) => {
  test.each(ANSWERS)("$what", async (wanted) => {
    const env = { ...wanted.env, TAP_TEST_SIGNAL: String(constants.signals[signal]) };
    expectLastResort(await runTap({ role: "post", exe: built("crashes"), env, stdin: wanted.stdin }), wanted);
  });
});

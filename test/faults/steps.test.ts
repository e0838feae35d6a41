import { constants } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { buildTap } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";
import { ANSWERS, type Answer, expectAnswer } from "../native/answers.ts";
import { describeOnPrivateMachine, usePrivateMachine } from "../support/private-mounts.ts";
import type { TapRun } from "../support/run-tap.ts";

/** The steps of the script, in order. support/fails-at.ts fails at one of them. */
const STEPS = [
  "first",
  "before stdin",
  "after stdin",
  "before the line",
  "after the line",
  "before the reply",
  "after the reply",
  "before the exit",
];
const FAULTS: Readonly<Record<string, string>> = {
  throws: "throw",
  "uses up its memory": "memory",
  "overflows its stack": "stack",
  "crashes with SIGSEGV": String(constants.signals.SIGSEGV),
  "crashes with SIGABRT": String(constants.signals.SIGABRT),
};
const LOOPS: Readonly<Record<string, string>> = {
  "loops forever": "loop",
  "loops forever in a builtin": "builtin",
};

const exe = join(ROOT, "build", "faulty", "fails-at");
/** A call with every step. */
const ADD = ANSWERS[0];
const DEL = ANSWERS.find(({ env }) => env.CNI_COMMAND === "DEL");
const ADD_AND_DEL = [ADD, DEL].filter((answer) => answer !== undefined);

beforeAll(async () => {
  const entry = join(ROOT, "test/faults/support/fails-at.ts");
  await buildTap({ entry, out: exe, name: "cni_post", flags: ["-DTAP_TEST_FAULTS", "-DGUARD_CPU_MS=200"] });
});

describeOnPrivateMachine("a tap whose script", () => {
  async function expectAnswered(
    step: string,
    fault: string,
    answers: readonly Answer[],
    shell = ":",
  ): Promise<string[]> {
    const { scratch, run } = usePrivateMachine();
    const afterReply = STEPS.indexOf(step) >= STEPS.indexOf("after the reply");
    const call = async (answer: Answer): Promise<TapRun> => {
      const env = { ...answer.env, TAP_TEST_STEP: step, TAP_TEST_FAULT: fault };
      return await run({ role: "post", exe, env, stdin: answer.stdin, shell, timeoutMs: 50_000 });
    };
    const runs = await Promise.all(answers.map(async (answer) => [answer, await call(answer)] as const));
    for (const [answer, ended] of runs) {
      expectAnswer(ended, answer, answer.what);
      const failed = "cni_post: tap script failed\n";
      if (answer === ADD) expect(ended.stderr).toBe(afterReply ? "" : failed);
      else expect(["", failed]).toContain(ended.stderr); // some calls do not have all steps
    }
    return scratch.lines();
  }

  for (const [what, fault] of Object.entries(FAULTS)) {
    test.each(STEPS)(`${what} (%s) answers every command`, async (step) => {
      await expectAnswered(step, fault, ANSWERS);
    });
  }

  test.each([
    ["overflows a stack of 64 KB", "stack", "ulimit -s 64"],
    ["overflows a stack without a limit", "stack", "ulimit -s unlimited"],
    ["uses up 64 MB of address space", "memory", "ulimit -v 65536"],
    ["uses up 16 MB of address space", "memory", "ulimit -v 16384"],
  ])("%s answers every command", async (_, fault, shell) => {
    await expectAnswered("before the line", fault, ANSWERS, shell);
  });

  for (const [what, fault] of Object.entries(LOOPS)) {
    test.each(STEPS)(`${what} (%s) answers an ADD and a DEL`, async (step) => {
      await expectAnswered(step, fault, ADD_AND_DEL);
    });
  }

  const broken = Object.entries({ ...FAULTS, "loops forever": "loop" });
  test.each(broken)("%s fails an ADD whose reply cannot be written", async (_, fault) => {
    const { run } = usePrivateMachine();
    const steps = ["before the line", "before the reply", "after the reply", "before the exit"];
    const calls = steps.map(async (step) => {
      const env = { ...ADD?.env, TAP_TEST_STEP: step, TAP_TEST_FAULT: fault };
      const stdin = ADD?.stdin ?? "";
      const ended = await run({ role: "post", exe, env, stdin, stdoutPath: "/dev/full", timeoutMs: 50_000 });
      return [step, ended.code, ended.signal];
    });
    expect(await Promise.all(calls)).toEqual(steps.map((step) => [step, 1, null]));
  });

  test.each(STEPS)("throws (%s) writes its line at most once", async (step) => {
    const lines = await expectAnswered(step, "throw", ANSWERS.slice(0, 1));
    expect(lines).toHaveLength(STEPS.indexOf(step) < STEPS.indexOf("after the line") ? 0 : 1);
  });
});

import { constants } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { buildTap } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";
import { runTap, type TapRun } from "../support/run-tap.ts";
import { ANSWERS, type Answer, expectAnswer } from "./answers.ts";

/*
 * Taps whose script gives no answer: the host must. Each is the real executable with another script; crashes
 * need a host compiled with TAP_TEST_FAULTS. Faults at each step of the real script: test/faults/.
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

describe.each(SCRIPTS)("where the script %s", (script) => {
  test.each(ANSWERS)("$what", async (wanted) => {
    const { env, stdin } = wanted;
    expectLastResort(
      await runTap({ role: "post", exe: built(script), env, stdin, timeoutMs: 30_000 }),
      wanted,
    );
  });
});

describe.each(SIGNALS)("where the script crashes with %s", (signal) => {
  test.each(ANSWERS)("$what", async (wanted) => {
    const env = { ...wanted.env, TAP_TEST_SIGNAL: String(constants.signals[signal]) };
    expectLastResort(await runTap({ role: "post", exe: built("crashes"), env, stdin: wanted.stdin }), wanted);
  });
});

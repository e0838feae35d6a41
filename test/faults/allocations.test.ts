import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { buildTap } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";
import { ANSWERS, type Answer, expectAnswer, RESULT } from "../native/answers.ts";
import { describeOnPrivateMachine, usePrivateMachine } from "../support/private-mounts.ts";
import { runCrowd } from "./support/crowd.ts";
import { inside } from "./support/place.ts";

/** More than any of these calls makes; what every call starts from is in the executable. */
const ALLOCATIONS = 800;

const exe = join(ROOT, "build", "faulty", "allocates");

beforeAll(async () => {
  const entry = join(ROOT, "src/tap/cni-post.ts");
  await buildTap({ entry, out: exe, name: "cni_post", flags: ["-DTAP_TEST_FAULTS"] });
});

const inJson: Answer = {
  what: "ADD in the json format returns prevResult",
  env: {
    CNI_COMMAND: "ADD",
    CNI_CONTAINERID: "c1",
    CNI_ARGS: "K8S_POD_NAME=web-0;K8S_POD_NAMESPACE=default",
  },
  stdin: `{"cniVersion":"1.0.0","logFormat":"json","token":"hidden","label":7,"prevResult":${RESULT}}`,
  code: 0,
  check: (stdout) => expect(stdout).toBe(RESULT),
};

describeOnPrivateMachine("a tap that is refused memory", () => {
  describe.each([
    ["one allocation, each in turn", "TAP_TEST_ALLOCATION"],
    ["an allocation and all after it, each in turn", "TAP_TEST_ALLOCATIONS"],
  ])("for %s", (_, variable) => {
    test("an ADD without lock and log has its whole complaint, or says that its script failed", async () => {
      const machine = usePrivateMachine();
      const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
      const stdin = `{"lockFile":"/none/lock","logFile":"/none/log","prevResult":${RESULT}}`;
      const calls = await runCrowd(
        { role: "post", exe, env, variable, from: 1, to: ALLOCATIONS, atOnce: 4, stdin, reply: RESULT },
        inside(machine),
      );
      const missing = "No such file or directory";
      const whole = `cni_post: Cannot open lockFile: ${missing}; Cannot open logFile: ${missing}`;
      for (const { number, code, same, stderr } of calls) {
        expect([code, same], `allocation ${number}`).toEqual([0, true]);
        expect([whole, "cni_post: tap script failed", ""], `allocation ${number}`).toContain(
          stderr.trimEnd(),
        );
      }
      expect(calls.at(-1)?.stderr.trimEnd()).toBe(whole);
    });

    test.each([inJson, ...ANSWERS])("$what", async (answer) => {
      const { env, stdin } = answer;
      const machine = usePrivateMachine();
      const calls = await runCrowd(
        { role: "post", exe, env, variable, from: 1, to: ALLOCATIONS, atOnce: 4, stdin, reply: "" },
        inside(machine),
      );
      expect(calls).toHaveLength(ALLOCATIONS);
      let last = 0;
      for (const call of calls) {
        const { number, stdout, stderr, signal } = call;
        expectAnswer({ code: call.code, signal, stdout }, answer, `allocation ${number}`);
        expect(stderr.split("cni_post: ").length, stderr).toBeLessThan(3);
        if (stderr.includes("tap script failed")) last = Math.max(last, number);
      }
      expect(last).toBeGreaterThan(20);
      expect(last).toBeLessThan(ALLOCATIONS - 100);
    });
  });
});

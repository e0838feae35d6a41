import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { describeOnPrivateMachine } from "../support/private-mounts.ts";
import { howOften } from "../support/soak.ts";
import { runCrowd } from "./support/crowd.ts";
import { sweep } from "./support/sweep.ts";
import { SYSCALL } from "./support/traced.ts";
import { forms, useWrappedMachine, type WrappedMachine } from "./support/wrapped.ts";

/* cni_wrap is killed before each of its system calls in turn, and at any moment. The plugin lingers after its answer. */

const env = { PLUGIN_DOES: "read answer linger" };

/** Whether a process is one that still runs: a zombie is only a number. */
function runs(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return false;
  try {
    return (
      !/\) [ZX] /.test(readFileSync(file, "latin1")) &&
      readFileSync(`/proc/${pid}/comm`, "utf8") === "plugin\n"
    );
  } catch {
    return false; // it ended in between
  }
}

async function expectNothingLeft(machine: WrappedMachine): Promise<void> {
  const began = performance.now();
  while (machine.started().some(runs)) {
    expect(performance.now() - began).toBeLessThan(10_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(machine.outlived()).toEqual([]);
}

describeOnPrivateMachine("cni_wrap that is killed", () => {
  test.each(forms)("before any of its system calls takes its plugin along (%s)", async (form) => {
    const machine = await useWrappedMachine();
    const bare = await machine.run(machine.bareCall(form, { env }));
    const call = machine.call(form, { env });
    const swept = await sweep(machine, call, ["kill"], bare.stdout.toString());
    await expectNothingLeft(machine);
    const logged = machine.logged();
    const before = new Set(swept.map(({ hit }) => hit?.syscall));
    for (const { id, hit, code, same } of swept) {
      const why = `before system call ${hit?.syscall}, the ${id}th of all`;
      const [begin, end] = logged.count(id);
      expect(code, why).toBe(hit ? 137 : 0);
      expect(Math.max(begin, end), why).toBeLessThan(2);
      expect(end, why).toBeLessThanOrEqual(begin);
      expect(machine.started(id).length, why).toBeLessThan(2);
      if (!hit) expect([begin, end, same], why).toEqual([1, 1, true]);
    }
    expect(before).toContain(SYSCALL.vfork);
    expect(before).toContain(SYSCALL.writev);
  });

  test("at any moment takes its plugin along", async () => {
    const machine = await useWrappedMachine();
    const bare = await machine.run(machine.bareCall("list", { env }));
    const { stdin, env: variables, exe } = machine.call("list", { env });
    const calls = await runCrowd(
      {
        ...{ role: "pre", env: variables as Record<string, string>, reply: bare.stdout.toString() },
        ...{ to: howOften(300, 20_000), atOnce: 6, mode: "kill:2", stdin: stdin ?? "", timeoutMs: 600_000 },
        exe: exe ?? "",
      },
      machine.place,
    );
    await expectNothingLeft(machine);
    const logged = machine.logged();
    for (const { number, code, signal, same } of calls) {
      const [begin, end] = logged.count(String(number));
      expect(Math.max(begin, end)).toBeLessThan(2);
      expect(machine.started(String(number)).length).toBeLessThan(2);
      if (signal === 0) expect([code, same, begin, end], `call ${number}`).toEqual([0, true, 1, 1]);
    }
    const ended = calls.map(({ number }) => logged.count(String(number))[1]);
    expect(new Set(ended).size).toBe(2); // some were killed before the end, and some were not
  });
});

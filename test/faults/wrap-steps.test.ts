import { constants } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { buildTap } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";
import { describeOnPrivateMachine } from "../support/private-mounts.ts";
import { runCrowd } from "./support/crowd.ts";
import { type Form, PLUGINS_OWN, useWrappedMachine, type WrappedCall } from "./support/wrapped.ts";

/* The script of cni_wrap fails at each of its steps, and is refused each piece of memory. */

/** In order. support/wrap-fails-at.ts fails at one of them. */
const STEPS = [
  ...["first", "before stdin", "after stdin", "after the search", "before the begin", "after the begin"],
  ...["before the plugin", "after the plugin", "before the end", "after the end", "before the exit"],
];
const { SIGSEGV, SIGABRT, SIGVTALRM } = constants.signals;
const FAULTS: Readonly<Record<string, string>> = {
  throws: "throw",
  "uses up its memory": "memory",
  "overflows its stack": "stack",
  "crashes with SIGSEGV": String(SIGSEGV),
  "crashes with SIGABRT": String(SIGABRT),
  "gets SIGVTALRM": String(SIGVTALRM),
  "loops forever": "loop",
  "loops forever in a builtin": "builtin",
};
/** More than any of these calls makes. */
const ALLOCATIONS = 1_000;

const folder = join(ROOT, "build", "faulty", "wrap");
const failing = join(folder, "fails-at");
const refused = join(folder, "allocates");
const isLater = (step: string, than: string) => STEPS.indexOf(step) >= STEPS.indexOf(than);

beforeAll(async () => {
  const of = { program: "wrap", name: "cni_wrap" } as const;
  const flags = ["-DTAP_TEST_FAULTS", "-DGUARD_CPU_MS=100"];
  await buildTap({ ...of, entry: join(ROOT, "test/faults/support/wrap-fails-at.ts"), out: failing, flags });
  const entry = join(ROOT, "src/wrap/cni-wrap.ts");
  await buildTap({ ...of, entry, out: refused, flags: ["-DTAP_TEST_FAULTS"] });
});

interface Scene extends WrappedCall {
  readonly what: string;
  readonly form: Form;
}
const inList: Scene = { what: "an ADD in a list", form: "list", env: { PLUGIN_EXIT: "7" } };
const long: Scene = {
  ...{ what: "a DEL in a list, with much to read", form: "list" },
  ...{ filler: 70_000, env: { CNI_COMMAND: "DEL" } },
};
const unlogged: Scene = {
  ...{ what: "a STATUS in a list, which is not logged", form: "list" },
  env: { CNI_COMMAND: "STATUS" },
};
const others: readonly Scene[] = [
  { what: "an ADD by its name", form: "name", env: { PLUGIN_EXIT: "7" } },
  long,
  unlogged,
];

/** Makes the call with a failure at each step. */
async function failAtEach(scene: Scene, fault: string, shell = ":"): Promise<void> {
  const steps = fault === "builtin" ? STEPS.filter((_, index) => index % 3 === 0) : STEPS;
  const each = steps.map(async (step) => {
    const machine = await useWrappedMachine(failing);
    const env = { ...scene.env, TAP_TEST_STEP: step, TAP_TEST_FAULT: fault };
    const bare = await machine.run(machine.bareCall(scene.form, { ...scene, env }));
    const run = await machine.run({ ...machine.call(scene.form, { ...scene, env }), shell });
    expect([run.code, run.signal, run.stdout.toString()], step).toEqual([
      ...[bare.code, bare.signal, bare.stdout.toString()],
    ]);
    const lines = run.stderr.split("\n");
    expect(
      lines.filter((line) => line === PLUGINS_OWN),
      run.stderr,
    ).toHaveLength(1);
    expect(["", "cni_wrap: tap script failed"]).toContain(
      lines.filter((line) => line !== PLUGINS_OWN).join(""),
    );
    expect(machine.started(), step).toHaveLength(1);
    const logs = scene.env?.CNI_COMMAND !== "STATUS";
    const begin = logs && isLater(step, "after the begin") ? 1 : 0;
    const end = logs && isLater(step, "after the end") ? 1 : 0;
    expect(machine.logged().count(), step).toEqual([begin, end]);
  });
  await Promise.all(each);
}

describeOnPrivateMachine("a wrapped plugin, where the script", () => {
  test.each(Object.entries(FAULTS))("%s at any step, answers an ADD", async (_, fault) => {
    await failAtEach(inList, fault);
  });

  test.each(others)("throws at any step, answers $what", async (scene) => {
    await failAtEach(scene, "throw");
  });

  test.each([
    ["overflows a stack of 64 KB", "stack", "ulimit -s 64"],
    ["uses up 16 MB of address space", "memory", "ulimit -v 16384"],
  ])("%s at any step, answers", async (_, fault, shell) => {
    await failAtEach(long, fault, shell);
  });
});

describeOnPrivateMachine("a wrapped plugin that makes cni_wrap", () => {
  test.each([
    ["crash while it speaks", "speak read crash fill answer", [1, 0]],
    ["abort twice while it speaks", "abort speak read abort fill answer", [1, 0]],
    ["run out of its time", "tick speak tick read fill tick answer", [1, 1]],
  ])("%s answers", async (_, does, lines) => {
    const machine = await useWrappedMachine();
    const scene = { filler: 100_000, env: { PLUGIN_EXIT: "7", PLUGIN_DOES: does } };
    const harmless = does.replace(/crash|abort|tick/g, "");
    const bare = await machine.run(
      machine.bareCall("list", { ...scene, env: { ...scene.env, PLUGIN_DOES: harmless } }),
    );
    const run = await machine.run(machine.call("list", scene));
    expect([run.code, run.signal, run.stderr]).toEqual([7, null, bare.stderr]);
    expect(run.stdout.equals(bare.stdout)).toBe(true);
    expect(machine.started()).toHaveLength(1);
    expect(machine.logged().count()).toEqual(lines);
  });
});

describeOnPrivateMachine("a wrapped plugin whose cni_wrap is refused", () => {
  describe.each([
    ["one allocation, each in turn", "TAP_TEST_ALLOCATION"],
    ["an allocation and all after it, each in turn", "TAP_TEST_ALLOCATIONS"],
  ])("%s", (_, variable) => {
    test.each(variable.endsWith("S") ? [long] : [inList])("answers $what", async (scene) => {
      const machine = await useWrappedMachine(refused);
      const bare = await machine.run(machine.bareCall(scene.form, scene));
      const { env, stdin, exe } = machine.call(scene.form, scene);
      const variables = { ...env, CNI_CONTAINERID: "c1" } as Record<string, string>;
      const reply = bare.stdout.toString();
      const calls = await runCrowd(
        {
          ...{ role: "pre", env: variables, variable, to: ALLOCATIONS, atOnce: 4, reply },
          ...{ stdin: stdin ?? "", exe: exe ?? "" },
        },
        machine.place,
      );
      let last = 0;
      for (const { number, code, signal, same, stderr } of calls) {
        expect([code, signal, same], `allocation ${number}: ${stderr}`).toEqual([bare.code, 0, true]);
        if (stderr.includes("tap script failed")) last = Math.max(last, number);
      }
      expect(machine.started()).toHaveLength(ALLOCATIONS);
      expect(last).toBeGreaterThan(20);
      expect(last).toBeLessThan(ALLOCATIONS - 100);
    });
  });
});

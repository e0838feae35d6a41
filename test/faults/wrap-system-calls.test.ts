import { constants } from "node:os";
import { expect, test } from "vitest";
import { describeOnPrivateMachine } from "../support/private-mounts.ts";
import { howOften } from "../support/soak.ts";
import { type SweptCall, sweep } from "./support/sweep.ts";
import { SYSCALL } from "./support/traced.ts";
import { type Form, forms, PLUGINS_OWN, useWrappedMachine } from "./support/wrapped.ts";

/* Each system call of cni_wrap fails in turn, with a request that fits in one read and one that does not. */

/** Those of the C library before main, and those that end the process: no program survives their failure. */
const NOT_OURS: readonly number[] = [SYSCALL.arch_prctl, SYSCALL.set_tid_address, SYSCALL.exit_group];

const errnos = ["EIO", "ENOMEM", "ENOSYS", "EPERM", "EAGAIN", "EINTR", "EMFILE"] as const;
/** They are tried again wherever that is what they ask for. */
const TRIED_AGAIN: readonly string[] = ["EAGAIN", "EINTR"];
const sizes = { "1.5 KB": 1_300, "100 KB": 100_000 };
const cases = forms.flatMap((form) =>
  Object.entries(sizes).map(([size, filler]) => ({ form, size, filler }) as const),
);
/** The soak has all of them in all cases; else each is in one. */
const chosen = (index: number) => errnos.filter((_, at) => at % 4 === index || howOften(0, 1) === 1);

/** What no caller can have where this call fails: the request, the answer, or the plugin's complaints. */
function lostBy({ hit }: SweptCall, form: Form, name: string): "stdin" | "stdout" | "stderr" | "nothing" {
  if (!hit || TRIED_AGAIN.includes(name)) return "nothing";
  // By its name the plugin is given what can be read: what failed is read once more, behind it.
  if (hit.syscall === SYSCALL.read && hit.argument === 0) return form === "list" ? "stdin" : "nothing";
  if (hit.syscall !== SYSCALL.write) return "nothing";
  return hit.argument === 1 ? "stdout" : hit.argument === 2 ? "stderr" : "nothing";
}

/** Makes the calls of one case. Returns the system calls that were hit. */
async function failEach(form: Form, filler: number, name: (typeof errnos)[number]): Promise<Set<unknown>> {
  const machine = await useWrappedMachine();
  const bare = await machine.run(machine.bareCall(form, { filler }));
  const call = machine.call(form, { filler });
  const swept = await sweep(machine, call, ["fail", constants.errno[name]], bare.stdout.toString());
  const logged = machine.logged();
  for (const one of swept) {
    const { id, hit } = one;
    if (hit && NOT_OURS.includes(hit.syscall)) continue;
    const why = `${name} of system call ${hit?.syscall}, the ${id}th of all, of descriptor ${hit?.argument}`;
    const lost = lostBy(one, form, name);
    const [begin, end] = logged.count(id);
    expect(one.signal, why).toBe(0);
    expect(machine.started(id).length, why).toBe(lost === "stdin" ? 0 : 1);
    expect(Math.max(begin, end), why).toBeLessThan(2);
    if (lost === "stdin") expect(JSON.parse(one.stdout), why).toMatchObject({ code: 6 });
    if (lost === "stdout") expect(one.stdout, why).toBe("");
    if (lost === "stdin" || lost === "stdout") expect(one.code, why).toBe(1);
    else expect([one.code, one.same], why).toEqual([0, true]);
    const own = lost === "nothing" || lost === "stdout" ? PLUGINS_OWN : "";
    const said = one.stderr.trimEnd();
    expect(said, why).toMatch(new RegExp(`^${own} ?(cni_wrap: .+)?$`));
    if (!hit) expect([begin, end, said], why).toEqual([1, 1, PLUGINS_OWN]);
  }
  return new Set(swept.map(({ hit }) => hit?.syscall));
}

describeOnPrivateMachine("a failing system call", () => {
  test.each(cases.map((one, index) => ({ ...one, index })))(
    "does not come between the caller and a plugin that is wrapped ($form, $size)",
    async ({ form, filler, index }) => {
      const each = await Promise.all(chosen(index).map((name) => failEach(form, filler, name)));
      for (const seen of each)
        for (const name of ["vfork", "pipe2", "poll", "flock", "writev"] as const)
          expect(seen, name).toContain(SYSCALL[name]);
    },
  );
});

import { constants } from "node:os";
import { beforeAll, expect, test } from "vitest";
import { describeOnPrivateMachine } from "../support/private-mounts.ts";
import { bring } from "./support/place.ts";
import { buildProgram } from "./support/programs.ts";
import { SYSCALL } from "./support/traced.ts";
import { forms, PLUGINS_OWN, useWrappedMachine } from "./support/wrapped.ts";

/** What cni_wrap asks of the kernel and can do without. */
const FORBIDDEN: Record<string, readonly number[]> = {
  vfork: [SYSCALL.vfork],
  "vfork, fork and clone": [SYSCALL.vfork, SYSCALL.fork, SYSCALL.clone],
  pipe2: [SYSCALL.pipe2],
  "pipe and pipe2": [SYSCALL.pipe, SYSCALL.pipe2],
  poll: [SYSCALL.poll],
  "splice and tee": [SYSCALL.splice, SYSCALL.tee],
  close_range: [SYSCALL.close_range],
  waitid: [SYSCALL.waitid],
  wait4: [SYSCALL.wait4],
  prctl: [SYSCALL.prctl],
  memfd_create: [SYSCALL.memfd_create],
  setitimer: [SYSCALL.setitimer],
  fcntl: [SYSCALL.fcntl],
  getppid: [SYSCALL.getppid],
  writev: [SYSCALL.writev],
};
/** One of each is needed: without poll, reads must not block, which is what fcntl is for; without waitid, wait4 tells the end. */
FORBIDDEN["most of these at once"] = Object.entries(FORBIDDEN)
  .filter(([name]) => !/writev|fork|pipe|fcntl|wait4/.test(name))
  .flatMap(([, numbers]) => numbers);
FORBIDDEN["vfork, close_range, prctl, setitimer and poll"] = [
  ...[SYSCALL.vfork, SYSCALL.close_range, SYSCALL.prctl, SYSCALL.setitimer, SYSCALL.poll],
];

/** The plugin takes the place of cni_wrap: no end can be logged. A trapped pipe2 is made up for with pipe. */
const inPlace = (name: string, traps: boolean) => /fork|^pipe and/.test(name) || (name === "pipe2" && !traps);
/** A log that can only be written by writev(2) is not written; where poll is forbidden nobody complains. */
const SILENT = /writev|poll|most/;
const ways = { traps: "", fails: `${constants.errno.EPERM}:` };

beforeAll(async () => {
  await buildProgram("filter");
  await buildProgram("plugin");
});

describeOnPrivateMachine("where a seccomp filter", () => {
  for (const [what, prefix] of Object.entries(ways)) {
    test.each(Object.entries(FORBIDDEN))(
      `${what} %s, a wrapped plugin answers all the same`,
      async (name, numbers) => {
        await Promise.all(
          forms.map(async (form) => {
            const machine = await useWrappedMachine();
            // Much to say before it reads, and more to read than a pipe holds.
            const more = {
              filler: 100_000,
              env: { PLUGIN_DOES: "speak fill read answer", PLUGIN_EXIT: "7" },
            };
            const bare = await machine.run(machine.bareCall(form, more));
            const call = machine.call(form, more);
            const filter = [await bring("filter", machine.place), `${prefix}${numbers.join(",")}`];
            const run = await machine.run({ ...call, via: [...filter, ...(call.via ?? [])] });
            expect([run.code, run.signal, run.stdout.equals(bare.stdout)]).toEqual([7, null, true]);
            expect(run.stderr.startsWith(bare.stderr)).toBe(true);
            expect(machine.started()).toHaveLength(1);
            const own = run.stderr.slice(bare.stderr.length);
            if (!SILENT.test(name)) expect(own).toBe("");
            expect(own).not.toContain(PLUGINS_OWN);
            const lines = name === "writev" ? 0 : 1;
            expect(machine.logged().count()).toEqual([lines, inPlace(name, prefix === "") ? 0 : lines]);
          }),
        );
      },
    );
  }
});

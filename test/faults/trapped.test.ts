import { expect, test } from "vitest";
import { roles } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";
import { bring, here } from "./support/place.ts";
import { SYSCALL } from "./support/traced.ts";

const RESULT = '{"ips":[{"address":"10.1.2.3/24"}]}';
const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };

/** What a call makes and can do without. */
const TRAPPED = {
  ...{ flock: SYSCALL.flock, writev: SYSCALL.writev, poll: SYSCALL.poll, setitimer: SYSCALL.setitimer },
  ...{ statx: SYSCALL.statx, fstat: SYSCALL.fstat, pread: SYSCALL.pread64, prlimit: SYSCALL.prlimit64 },
};

const cases = roles.flatMap((role) =>
  [...Object.entries(TRAPPED), ["all of them", Object.values(TRAPPED)] as const].map(
    ([name, numbers]) => [role, name, [numbers].flat()] as const,
  ),
);

test.each(cases)("cni_%s answers where a seccomp filter traps %s", async (role, _, numbers) => {
  const scratch = useScratch();
  const filter = await bring("filter", here(scratch));
  const stdin = stanza(scratch, `{"prevResult":${RESULT}}`);
  const run = await here(scratch).run({ role, env, stdin, via: [filter, numbers.join(",")] });
  expect([run.code, run.signal, run.stdout.toString()]).toEqual([0, null, RESULT]);
  const logged = scratch.lines().length === 1 ? "" : run.stderr;
  // Where poll is trapped, nobody knows whether standard error would take a complaint.
  if (!numbers.includes(SYSCALL.poll))
    expect(logged).toMatch(new RegExp(`^(cni_${role}: Cannot [^\\n]+\\n)?$`));
});

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildTap } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";
import { roles, runTap, startTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { formats, stanza } from "../support/stanza.ts";

/*
 * The taps' script has 16 MB. Neither many values nor a huge one may use that up, as then the last resort answers and
 * the line is lost.
 */

function manySecrets(key: (index: number) => string): string {
  return Array.from({ length: 4096 }, (_, index) => `"${key(index)}":"hunter2"`).join(",");
}

const requests: readonly (readonly [what: string, members: string])[] = [
  [
    "4,096 secrets under long keys",
    manySecrets((index) => `a_secret_token_with_a_rather_long_name_${index}_x`),
  ],
  [
    "4,096 secrets under keys with many separators",
    manySecrets((index) => `token${index}${"_-.".repeat(60)}`),
  ],
  [
    "4,096 secrets under keys full of escapes",
    manySecrets((index) => `token${index}${"\\u005f".repeat(30)}x`),
  ],
  ["a label of 20 MB", `"label":"${"x".repeat(20_000_000)}"`],
  ["a cniVersion of 20 MB", `"cniVersion":"${"1".repeat(20_000_000)}"`],
];

for (const role of roles) {
  for (const logFormat of formats) {
    test.each(requests)(
      `cni_${role} logs a call with %s in the ${logFormat} format`,
      async (_what, members) => {
        const scratch = useScratch();
        const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
        const stdin = stanza(scratch, `{${members},"prevResult":{"a":1}}`, { logFormat });
        const run = await runTap({ role, env, stdin, timeoutMs: 60_000 });
        expect(run).toMatchObject({ code: 0, stderr: "" });
        expect(run.stdout.toString()).toBe('{"a":1}');
        expect(scratch.lines()).toHaveLength(1);
        expect(scratch.log().includes("hunter2")).toBe(false);
      },
    );
  }

  test(`cni_${role} logs as many secrets as fit in one writev(2), and some more`, async () => {
    // Each secret makes two pieces, and the kernel takes 1,024 at once.
    for (let count = 490; count <= 520; count++) {
      const scratch = useScratch();
      const list = Array.from({ length: count }, (_, index) => `"token${index}":"hunter2"`).join(",");
      const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
      const run = await runTap({ role, env, stdin: stanza(scratch, `{${list}}`) });
      expect(run, `${count} secrets`).toMatchObject({ code: 0, stderr: "" });
      const [line = ""] = scratch.lines();
      expect(line.split("[redacted 9 bytes]")).toHaveLength(count + 1);
      scratch.remove();
    }
  });

  test(`cni_${role} answers VERSION with a cniVersion of megabytes, plain or escaped, without the last resort`, async () => {
    for (const version of ["9".repeat(20_000_000), "\\u0039".repeat(1_000_000)]) {
      const stdin = `{"cniVersion":"${version}"}`;
      const run = await runTap({ role, env: { CNI_COMMAND: "VERSION" }, stdin, timeoutMs: 60_000 });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout.toString().endsWith(`,"${version}"]}`)).toBe(true);
    }
  });
}

test("a script can use 16 MB of memory, and its process not much more", async () => {
  const exe = join(ROOT, "build", "faulty", "fills-memory");
  const entry = join(ROOT, "test/native/faulty/fills-memory.ts");
  await buildTap({ entry, out: exe, name: "cni_post", snapshot: false });
  const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
  const tap = startTap({ role: "post", exe, env, stdin: '{"cniVersion":"1.0.0"}' });
  // The last resort complains, and waits for the end of stdin.
  if (tap.child.stderr) await once(tap.child.stderr, "data");
  const status = readFileSync(`/proc/${tap.pid}/status`, "utf8");
  const peak = Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]);
  expect(peak).toBeGreaterThan(15 * 1024);
  expect(peak).toBeLessThan(18 * 1024);
  tap.end();
  expect(await tap.done).toMatchObject({ code: 0, stderr: "cni_post: tap script failed\n" });
});

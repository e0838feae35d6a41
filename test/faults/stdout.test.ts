import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { roles, runTap, startTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };

describe.each(roles)("cni_%s", (role) => {
  test("fails and logs an ADD and says why if its reader goes away in the middle of the reply", async () => {
    const scratch = useScratch();
    const tap = startTap({ role, env, stdin: stanza(scratch, `{"prevResult":"${"x".repeat(4_000_000)}"}`) });
    tap.end();
    if (tap.child.stdout) {
      await once(tap.child.stdout, "data");
      tap.child.stdout.destroy();
    }
    const complaint = `cni_${role}: Cannot write the reply: Broken pipe\n`;
    expect(await tap.done).toMatchObject({ code: 1, signal: null, stderr: complaint });
    expect(scratch.lines()).toHaveLength(1);
  });

  test.each([
    ["a full device", ">/dev/full", "No space left on device"],
    ["a file opened for reading", "1</dev/null", "Bad file descriptor"],
    ["a file at its size limit", ">>limited", "File too large"],
  ])("fails and logs an ADD and says why if stdout is %s", async (_, redirection, why) => {
    const scratch = useScratch();
    writeFileSync(scratch.path("limited"), "x".repeat(4_096));
    const via = ["/bin/sh", "-c", `cd '${scratch.folder}'; exec "$0" ${redirection}`];
    const stdin = stanza(scratch, '{"cniVersion":"1.0.0"}');
    const run = await runTap({ role, env, via, shell: "ulimit -f 8", stdin }); // 4,096 bytes
    expect(run).toMatchObject({
      code: 1,
      signal: null,
      stderr: `cni_${role}: Cannot write the reply: ${why}\n`,
    });
    expect(scratch.lines()).toHaveLength(1);
  });
});

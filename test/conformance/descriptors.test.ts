import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { expect, test } from "vitest";
import { expectErrorObject } from "../support/error-object.ts";
import { classicLine } from "../support/log-lines.ts";
import { describeOnPrivateMachine, usePrivateMachine } from "../support/private-mounts.ts";
import { roles, runTap, startTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

const add = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
const body = '{"cniVersion":"1.0.0"}';

for (const role of roles) {
  test(`cni_${role} with a closed stdout succeeds, and writes no part of its reply into the log`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, body);
    const run = await runTap({ role, env: add, stdin, closed: [1] });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
  });

  test(`cni_${role} with a closed stderr writes its complaint into no other file`, async () => {
    const scratch = useScratch();
    mkdirSync(scratch.lockFile);
    const stdin = stanza(scratch, body, { label: 7 });
    const run = await runTap({ role, env: add, stdin, closed: [2] });
    expect(run.code).toBe(0);
    expect(run.stdout.toString()).toBe('{"cniVersion":"1.0.0"}');
    expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
  });

  test(`cni_${role} with stdout and stderr closed writes only its line`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, body, { label: 7 });
    const run = await runTap({ role, env: add, stdin, closed: [1, 2] });
    expect(run.code).toBe(0);
    expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
  });

  test(`cni_${role} answers VERSION with a closed stdin`, async () => {
    const run = await runTap({ role, env: { CNI_COMMAND: "VERSION" }, closed: [0], stdin: null });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(run.stdout.toString())).toMatchObject({ cniVersion: "1.1.0" });
  });

  test(`cni_${role} fails an ADD whose reply it cannot write, and logs it`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, body);
    const run = await runTap({ role, env: add, stdin, stdoutPath: "/dev/full" });
    expect(run).toMatchObject({ code: 1, signal: null });
    expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
  });

  test(`cni_${role} fails a VERSION whose reply it cannot write`, async () => {
    const env = { CNI_COMMAND: "VERSION" };
    const run = await runTap({ role, env, stdin: body, stdoutPath: "/dev/full" });
    expect(run).toMatchObject({ code: 1, signal: null });
  });

  test(`cni_${role} is not killed by SIGPIPE if the reader of its reply is gone`, async () => {
    const scratch = useScratch();
    const tap = startTap({ role, env: add, stdin: stanza(scratch, body) });
    tap.child.stdout?.destroy();
    tap.end();
    expect(await tap.done).toMatchObject({ code: 1, signal: null });
  });

  for (const command of ["DEL", "CHECK", "GC", "STATUS", "FUTURE"]) {
    test(`cni_${role} needs no stdout for a ${command}`, async () => {
      const scratch = useScratch();
      const env = { ...add, CNI_COMMAND: command };
      const run = await runTap({ role, env, stdin: stanza(scratch, body), stdoutPath: "/dev/full" });
      expect(run).toMatchObject({ code: 0, stderr: "" });
    });
  }

  test(`cni_${role} answers although stderr is full`, async () => {
    const scratch = useScratch();
    const run = await runTap({
      role,
      env: add,
      stdin: stanza(scratch, body, { label: 7 }),
      stderrPath: "/dev/full",
    });
    expect(run.code).toBe(0);
    expect(run.stdout.toString()).toBe('{"cniVersion":"1.0.0"}');
  });

  test(`cni_${role} answers although the reader of stderr is gone`, async () => {
    const scratch = useScratch();
    const tap = startTap({ role, env: add, stdin: stanza(scratch, body, { label: 7 }) });
    tap.child.stderr?.destroy();
    tap.end();
    const run = await tap.done;
    expect(run).toMatchObject({ code: 0, signal: null });
    expect(run.stdout.toString()).toBe('{"cniVersion":"1.0.0"}');
  });

  test(`cni_${role} does not hold the lock while the reader of its reply is slow`, async () => {
    const scratch = useScratch();
    const prev = `"${"x".repeat(8_000_000)}"`;
    const tap = startTap({ role, env: add, stdin: stanza(scratch, `{"prevResult":${prev}}`) });
    tap.child.stdout?.pause();
    tap.end();
    // Once the line is written, only the reply is left to do.
    while (scratch.log().at(-1) !== 0x0a) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(spawnSync("flock", ["-w", "5", scratch.lockFile, "true"]).status).toBe(0);
    expect(tap.child.exitCode).toBe(null);
    tap.child.stdout?.resume();
    const run = await tap.done;
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.toString() === prev).toBe(true);
  });

  test(`cni_${role} reads stdin that arrives byte by byte`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, body);
    const tap = startTap({ role, env: add });
    for (const char of stdin) await new Promise((resolve) => tap.child.stdin?.write(char, resolve));
    tap.end();
    expect(await tap.done).toMatchObject({ code: 0, stderr: "" });
    expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
  });
}

describeOnPrivateMachine("a machine without /dev/null", () => {
  for (const role of roles) {
    test(`does not make the closed descriptors of cni_${role} its log's`, async () => {
      const { scratch, run } = usePrivateMachine();
      const stdin = '{"cniVersion":"1.0.0","label":7}';
      const { code } = await run({
        role,
        env: add,
        stdin,
        closed: [1, 2],
        shell: "mount -t tmpfs tmpfs /dev",
      });
      expect(code).toBe(0);
      expect(scratch.lines()).toEqual([classicLine("ADD", "c1", "input", stdin)]);
    });
  }
});

describeOnPrivateMachine("a closed stdin", () => {
  for (const role of roles) {
    test(`counts as an empty one for cni_${role}`, async () => {
      const { scratch, run } = usePrivateMachine();
      const { code, stdout } = await run({ role, env: add, closed: [0], stdin: null });
      expect(code).toBe(1);
      expectErrorObject(stdout, 6);
      expect(scratch.lines()).toEqual([expect.stringMatching(/^stdin is not JSON: /)]);
    });

    test(`does not fail a DEL of cni_${role}, even if stdout and stderr are closed too`, async () => {
      const { scratch, run } = usePrivateMachine();
      const { code } = await run({
        role,
        env: { ...add, CNI_COMMAND: "DEL" },
        closed: [0, 1, 2],
        stdin: null,
      });
      expect(code).toBe(0);
      expect(scratch.lines()).toEqual([expect.stringMatching(/^stdin is not JSON: .*,CNI_COMMAND=DEL,/)]);
    });
  }
});

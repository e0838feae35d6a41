import { expect, test } from "vitest";
import { holdLock } from "../support/hold-lock.ts";
import { classicLine, readJsonLine } from "../support/log-lines.ts";
import { roles, runTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { formats, stanza } from "../support/stanza.ts";

// The calls that succeed with nothing on stdout.
const bodies: Readonly<Record<string, string>> = {
  "no prevResult": '{"cniVersion":"1.1.0","name":"n"}',
  "a prevResult": '{"cniVersion":"1.1.0","name":"n","prevResult":{"cniVersion":"1.1.0","ips":[]}}',
  "no cniVersion": '{"name":"n"}',
  "an unknown cniVersion": '{"cniVersion":"9.9.9"}',
};

for (const role of roles) {
  for (const logFormat of formats) {
    for (const [what, text] of Object.entries(bodies)) {
      for (const command of ["DEL", "CHECK", "GC", "FUTURE", "add"]) {
        const logged = logFormat === "json" || (command === "DEL" && role === "post");
        const promise = `${logged ? "logs" : "does not log"} a ${command} with ${what} in the ${logFormat} format`;
        test(`cni_${role} ${promise}, and prints nothing`, async () => {
          const scratch = useScratch();
          const stdin = stanza(scratch, text, { logFormat });
          const run = await runTap({ role, env: { CNI_COMMAND: command, CNI_CONTAINERID: "c1" }, stdin });
          expect(run).toMatchObject({ code: 0, stderr: "" });
          expect(run.stdout.toString()).toBe("");
          const lines = scratch.lines();
          expect(lines).toHaveLength(logged ? 1 : 0);
          if (!logged) return;
          const [line = ""] = lines;
          if (logFormat === "classic") expect(line).toBe(classicLine("DEL", "c1", "input", stdin));
          else
            expect(readJsonLine(line)).toMatchObject({
              members: { command },
              payload: { name: "input", text: stdin },
            });
        });
      }
    }

    test(`cni_${role} logs no STATUS without logStatus in the ${logFormat} format`, async () => {
      const scratch = useScratch();
      const stdin = stanza(scratch, '{"cniVersion":"1.1.0"}', { logFormat });
      const run = await runTap({ role, env: { CNI_COMMAND: "STATUS" }, stdin });
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout.toString()).toBe("");
      expect(scratch.lines()).toEqual([]);
    });
  }

  test(`cni_${role} logs a STATUS with logStatus in the json format, and does not wait for the lock`, async () => {
    const scratch = useScratch();
    await holdLock(scratch.lockFile);
    const more = { logFormat: "json", logStatus: true, lockTimeoutMs: 5_000 };
    const stdin = stanza(scratch, '{"cniVersion":"1.1.0"}', more);
    const env = { CNI_COMMAND: "STATUS", CNI_CONTAINERID: "" };
    const run = await runTap({ role, env, stdin, timeoutMs: 4_000 });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.toString()).toBe("");
    const [line = "", ...rest] = scratch.lines();
    expect(rest).toEqual([]);
    const read = readJsonLine(line);
    expect(read.payload).toEqual({ name: "input", text: stdin });
    expect(read.members).toMatchObject({ command: "STATUS", containerId: "" });
  });

  test(`cni_${role} opens only the log at a STATUS`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, "{}", { logFormat: "json", logStatus: true });
    const shell = `cd '${scratch.folder}'`; // where an empty path would lead
    const run = await runTap({ role, env: { CNI_COMMAND: "STATUS" }, stdin, shell });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(scratch.names()).toEqual(["cni.log"]);
  });

  test(`cni_${role} does not log a STATUS with logStatus in the classic format`, async () => {
    const scratch = useScratch();
    const stdin = stanza(scratch, '{"cniVersion":"1.1.0"}', { logStatus: true });
    const run = await runTap({ role, env: { CNI_COMMAND: "STATUS" }, stdin });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(scratch.lines()).toEqual([]);
  });

  for (const command of ["GC", "STATUS", "FUTURE"]) {
    test(`cni_${role} accepts a ${command} without a container ID`, async () => {
      const scratch = useScratch();
      const stdin = stanza(scratch, '{"cniVersion":"1.1.0"}', { logFormat: "json" });
      for (const env of [{ CNI_COMMAND: command }, { CNI_COMMAND: command, CNI_CONTAINERID: "" }]) {
        const run = await runTap({ role, env, stdin });
        expect(run).toMatchObject({ code: 0, stderr: "" });
        expect(run.stdout.toString()).toBe("");
      }
    });
  }
}

import { expect, test } from "vitest";
import { expectErrorObject } from "../support/error-object.ts";
import { readJsonLine } from "../support/log-lines.ts";
import { describeOnPrivateMachine, usePrivateMachine } from "../support/private-mounts.ts";
import { roles, runTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { formats, stanza } from "../support/stanza.ts";
import { buildTerminal } from "../support/terminal.ts";

const missingId = "env CNI_CONTAINERID not found";
const missingCommand = "env CNI_COMMAND not found";

for (const role of roles) {
  for (const id of [undefined, ""]) {
    const how = id === undefined ? "without CNI_CONTAINERID" : "with an empty CNI_CONTAINERID";
    for (const command of ["ADD", "CHECK", "DEL"]) {
      const env = {
        CNI_COMMAND: command,
        CNI_IFNAME: "eth0",
        ...(id === undefined ? {} : { CNI_CONTAINERID: id }),
      };
      const answer = command === "DEL" ? "lets pass" : "refuses";
      for (const logFormat of formats) {
        test(`cni_${role} ${answer} ${command} ${how}, and notes it in the ${logFormat} format`, async () => {
          const scratch = useScratch();
          const body = '{"cniVersion":"0.4.0","name":"n","prevResult":{"ips":[]}}';
          const run = await runTap({ role, env, stdin: stanza(scratch, body, { logFormat }) });
          if (command === "DEL") {
            expect(run.code).toBe(0);
            expect(run.stdout.toString()).toBe("");
          } else {
            expect(run.code).toBe(1);
            expect(expectErrorObject(run.stdout, 4)).toMatchObject({ cniVersion: "0.4.0" });
          }
          const [line = "", ...rest] = scratch.lines();
          expect(rest).toEqual([]);
          if (logFormat === "classic") {
            expect(line).toBe(missingId);
            return;
          }
          const read = readJsonLine(line);
          expect(read.payload.name).toBe("note");
          expect(read.members).toMatchObject({
            command,
            containerId: id ?? null,
            network: "n",
            note: missingId,
          });
        });
      }
    }
  }
}

describeOnPrivateMachine("a call without a command", () => {
  for (const role of roles) {
    for (const env of [{}, { CNI_COMMAND: "" }, { CNI_CONTAINERID: "c1", CNI_IFNAME: "eth0" }]) {
      test(`cni_${role} refuses a call with ${JSON.stringify(env)}, and notes it in the default file`, async () => {
        const { scratch, run } = usePrivateMachine();
        const { stdout, code } = await run({ role, env, stdin: '{"cniVersion":"1.0.0","logFormat":"json"}' });
        expect(code).toBe(1);
        expectErrorObject(stdout, 4);
        expect(scratch.log().toString()).toBe(`${missingCommand}\n`);
      });
    }

    test(`cni_${role} without a command does not wait for stdin`, async () => {
      const { scratch, run } = usePrivateMachine();
      // A FIFO never ends while its reader also has it open for writing.
      const shell = "mkfifo /tmp/never; exec 0<>/tmp/never";
      const { stdout, code } = await run({ role, env: {}, shell, stdin: null });
      expect(code).toBe(1);
      expectErrorObject(stdout, 4);
      expect(scratch.lines()).toEqual([missingCommand]);
    });

    test(`cni_${role} without a command prints its usage at a terminal`, async () => {
      const { scratch, run } = usePrivateMachine();
      buildTerminal(scratch.path("tmp/terminal"));
      const { stdout, stderr, code } = await run({ role, env: {}, via: ["/tmp/terminal"], stdin: null });
      expect(code).toBe(0);
      expect(stdout.toString()).toBe("");
      expect(stderr).toContain(`cni_${role}`);
      expect(stderr).toMatch(/\d+\.\d+/);
    });
  }
});

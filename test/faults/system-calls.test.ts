import { writeFileSync } from "node:fs";
import { constants } from "node:os";
import { expect, test } from "vitest";
import { expectErrorObject } from "../support/error-object.ts";
import { describeOnPrivateMachine, usePrivateMachine } from "../support/private-mounts.ts";
import { roles } from "../support/run-tap.ts";
import { withMembers } from "../support/stanza.ts";
import { inside } from "./support/place.ts";
import { runTraced, SYSCALL } from "./support/traced.ts";

/** Those of the C library before main, and those that end the process: no program survives their failure. */
const NOT_OURS: readonly number[] = [SYSCALL.arch_prctl, SYSCALL.set_tid_address, SYSCALL.exit_group];

/** Those whose failure leaves stdin unread, so that the tap cannot answer it. */
const UNREAD: readonly number[] = [SYSCALL.read];

/** As a seccomp filter fails calls: the reply is then written with write(2). */
const FILTERED: readonly string[] = ["ENOSYS", "EPERM"];

const RESULT = '{"ips":[{"address":"10.1.2.3/24"}]}';
const errnos = ["EIO", "ENOMEM", "ENOSYS", "EPERM"] as const;
const cases = roles.flatMap((role) => errnos.map((name) => [role, name] as const));

describeOnPrivateMachine("a failing system call", () => {
  test.each(cases)(
    "does not keep cni_%s from answering, whichever call fails with %s",
    async (role, name) => {
      const errno = constants.errno[name];
      const seen = new Set<number>();
      for (let nth = 1; ; nth++) {
        const machine = usePrivateMachine(); // a call whose stdin was not read uses the default files
        const { scratch } = machine;
        writeFileSync(scratch.logFile, `${"o".repeat(150)}\n`, { mode: 0o600 });
        // Longer than the first read, and over logMaxBytes: the call grows its memory, and rotates.
        const text = `{"cniVersion":"1.0.0","filler":"${"f".repeat(100_000)}","prevResult":${RESULT}}`;
        const stdin = withMembers(text, { logMaxBytes: 100, logFormat: "json" });
        const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
        const run = await runTraced(inside(machine), ["fail", nth, errno], { role, env, stdin });
        const { hit, code, signal, stdout, stderr } = run;
        scratch.remove();
        if (hit === null) {
          expect([code, stdout.toString(), stderr]).toEqual([0, RESULT, ""]);
          break;
        }
        seen.add(hit.syscall);
        if (NOT_OURS.includes(hit.syscall)) continue;
        const why = `system call ${hit.syscall}, the ${nth}th of all`;
        expect(signal, why).toBe(null);
        if (UNREAD.includes(hit.syscall)) {
          expect(code, why).toBe(1);
          expectErrorObject(stdout, 6);
        } else if (hit.syscall === SYSCALL.writev && hit.argument === 1 && !FILTERED.includes(name)) {
          expect([code, stdout.length], why).toEqual([1, 0]);
        } else {
          expect([code, stdout.toString()], why).toEqual([0, RESULT]);
        }
        expect(stderr, why).toMatch(new RegExp(`^(cni_${role}: [^\\n]+\\n)?$`));
      }
      expect(seen).toContain(SYSCALL.renameat2);
      expect(seen).toContain(SYSCALL.flock);
    },
  );
});

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeOnPrivateMachine, usePrivateMachine } from "../support/private-mounts.ts";
import { roles, type TapRun } from "../support/run-tap.ts";
import { bring, inside } from "./support/place.ts";

const RESULT = '{"ips":[{"address":"10.1.2.3/24"}]}';
const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
const stdin = `{"prevResult":${RESULT}}`;
const MOUNTED = "a file system is mounted there";

/** Without the device there is nothing that anybody could mount. */
const noFuse = !existsSync("/dev/fuse");
if (noFuse) console.warn("skipped: the tests of a mounted log or lock need /dev/fuse");

describeOnPrivateMachine("where a file system that never answers is mounted over", () => {
  /** A call while the file is mounted over; a tap that opens it hangs, and is killed by the time limit. */
  async function callBeside(
    role: (typeof roles)[number],
    path: "tmp/cni.log" | "run/lock/cni.lock",
  ): Promise<TapRun & { lines: string[] }> {
    const machine = usePrivateMachine();
    writeFileSync(machine.scratch.path(path), "", { mode: 0o600 });
    const place = inside(machine);
    const seenAs = path === "tmp/cni.log" ? "/tmp/cni.log" : "/var/run/lock/cni.lock";
    const via = [await bring("unanswered", place), seenAs];
    return {
      ...(await place.run({ role, env, stdin, via, timeoutMs: 20_000 })),
      lines: machine.scratch.lines(),
    };
  }

  test.skipIf(noFuse).each(roles)(
    "the lock, cni_%s neither waits for it nor loses its line",
    async (role) => {
      const { code, stdout, stderr, lines } = await callBeside(role, "run/lock/cni.lock");
      expect([code, stdout.toString()]).toEqual([0, RESULT]);
      expect(stderr).toBe(`cni_${role}: Cannot use lockFile /var/run/lock/cni.lock: ${MOUNTED}\n`);
      expect(lines).toHaveLength(1);
    },
  );

  test.skipIf(noFuse).each(roles)("the log, cni_%s answers and says so", async (role) => {
    const { code, stdout, stderr } = await callBeside(role, "tmp/cni.log");
    expect([code, stdout.toString()]).toEqual([0, RESULT]);
    expect(stderr).toBe(`cni_${role}: Cannot use logFile /tmp/cni.log: ${MOUNTED}\n`);
  });
});

describeOnPrivateMachine("a log that is mounted from elsewhere", () => {
  test.each(roles)(
    "is written by cni_%s, and not rotated, which is said and costs no history",
    async (role) => {
      const machine = usePrivateMachine();
      const { scratch } = machine;
      const log = join(scratch.folder, "tmp/cni.log");
      writeFileSync(log, "", { mode: 0o600 });
      writeFileSync(scratch.path("tmp/real.log"), `${"o".repeat(150)}\n`, { mode: 0o600 });
      writeFileSync(`${log}.1`, "history\n", { mode: 0o600 });
      const shell = "mount --bind /tmp/real.log /tmp/cni.log";
      const limited = `{"logMaxBytes":100,"prevResult":${RESULT}}`;
      const run = await machine.run({ role, env, stdin: limited, shell });
      expect([run.code, run.stdout.toString()]).toEqual([0, RESULT]);
      expect(run.stderr).toMatch(
        /Cannot rotate logFile \/tmp\/cni\.log: it cannot change places with its \.1: /,
      );
      expect(readFileSync(scratch.path("tmp/real.log"), "utf8").split("\n")).toHaveLength(3);
      expect(readFileSync(`${log}.1`, "utf8")).toBe("history\n");
      expect(scratch.names("tmp")).toEqual(["cni.log", "cni.log.1", "real.log"]);
    },
  );
});

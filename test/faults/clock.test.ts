import { expect, test } from "vitest";
import { readJsonLine } from "../support/log-lines.ts";
import { roles } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";
import { here } from "./support/place.ts";
import { runTraced, SYSCALL } from "./support/traced.ts";

const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1" };
const body = '{"cniVersion":"1.0.0"}';

for (const role of roles) {
  test.each([
    ["before 1970", -315_619_200, "1960-01-01T00:00:00.123456Z"],
    ["one second before 1970", -1, "1969-12-31T23:59:59.123456Z"],
    ["at the end of 32 bits", 2 ** 31 - 1, "2038-01-19T03:14:07.123456Z"],
    ["after 2038", 2 ** 31, "2038-01-19T03:14:08.123456Z"],
    ["after 2106", 2 ** 32, "2106-02-07T06:28:16.123456Z"],
    ["in the year 9999", 253_402_300_799, "9999-12-31T23:59:59.123456Z"],
  ])(`cni_${role} answers and logs the time with a clock %s`, async (_, seconds, time) => {
    const scratch = useScratch();
    const stdin = stanza(scratch, body, { logFormat: "json" });
    const run = await runTraced(here(scratch), ["clock", seconds], { role, env, stdin });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.toString()).toBe(body);
    expect(run.hit?.syscall).toBe(SYSCALL.clock_gettime);
    expect(readJsonLine(scratch.lines()[0] ?? "").members.time).toBe(time);
  });
}

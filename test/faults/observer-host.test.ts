import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { constants } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { buildTap } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";
import { runTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { type CrowdCall, runCrowd } from "./support/crowd.ts";
import { bring, here } from "./support/place.ts";
import { readHit, SYSCALL } from "./support/traced.ts";

/** More than the scene makes in any of its processes. */
const ALLOCATIONS = 2_000;

const exe = join(ROOT, "build", "observe", "scene");

beforeAll(async () => {
  const entry = join(ROOT, "test/native/observe/scene.ts");
  await buildTap({
    program: "observe",
    entry,
    out: exe,
    name: "cnitap-observe",
    flags: ["-DTAP_TEST_FAULTS"],
  });
});

/** A directory with a runtime that gives a pod to each that sends it something. */
async function useRuntime() {
  const scratch = useScratch();
  const pod = Buffer.from("\x0a\x05web-0\x2a\x06\x0a\x01a\x12\x01b", "latin1");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.write(pod)).resume();
  });
  await new Promise<void>((resolve) => server.listen(scratch.path("socket"), resolve));
  onTestFinished(() => void server.close());
  return scratch;
}

/** It has done all, or says that it could not, and is not ended by a signal. */
function expectEnd({ code, signal, same, stderr }: CrowdCall, why: string): void {
  expect(signal, why).toBe(0);
  expect([0, 1], why).toContain(code);
  expect(same, why).toBe(code === 0);
  if (code !== 0) expect(stderr, why).toMatch(/^(seen web-0 )?cnitap-observe: \S.* ?$/);
}

/** Where the script begins, about: what is before takes long where there is no memory at all. */
const PREPARED = 1_300;

describe.each([
  ["one allocation", "TAP_TEST_ALLOCATION", 1],
  ["an allocation and all after it", "TAP_TEST_ALLOCATIONS", PREPARED],
] as const)("of %s, each in turn", (_, variable, from) => {
  test("an observer that is refused memory says so and ends, or goes on", { timeout: 300_000 }, async () => {
    const scratch = await useRuntime();
    const env = { TAP_FOLDER: scratch.folder };
    const crowd = { role: "post", exe, env, variable, from, to: ALLOCATIONS, atOnce: 4 } as const;
    const calls = await runCrowd({ ...crowd, stdin: "", reply: "done" }, here(scratch));
    expect(calls).toHaveLength(ALLOCATIONS - from + 1);
    for (const call of calls) expectEnd(call, `allocation ${call.number}`);
    const last = Math.max(...calls.filter(({ code }) => code !== 0).map(({ number }) => number));
    expect(last).toBeGreaterThan(PREPARED);
    expect(last).toBeLessThan(ALLOCATIONS - 100);
    const lines = readFileSync(scratch.path("log"), "utf8").split("\n");
    expect(new Set(lines)).toEqual(new Set(["pod web-0", ""]));
  });
});

/** Those of the C library before main, and those that end the process: no program survives their failure. */
const NOT_OURS: readonly number[] = [SYSCALL.arch_prctl, SYSCALL.set_tid_address, SYSCALL.exit_group];

test.each(["EIO", "ENOMEM", "ENOSYS"] as const)(
  "a system call of the observer that fails with %s, each in turn",
  { timeout: 300_000 },
  async (name) => {
    const scratch = await useRuntime();
    const tracer = await bring("tracer", here(scratch));
    const script = scratch.path("traced");
    const report = `${scratch.folder}/report`;
    writeFileSync(script, `#!/bin/sh\nexec ${tracer} ${report}.$N fail $N ${constants.errno[name]} ${exe}\n`);
    chmodSync(script, 0o755);
    const env = { TAP_FOLDER: scratch.folder };
    const seen = new Set<number>();
    for (let from = 1; ; from += 50) {
      const calls = await runCrowd(
        {
          role: "post",
          exe: script,
          env,
          variable: "N",
          from,
          to: from + 49,
          atOnce: 2,
          stdin: "",
          reply: "done",
        },
        here(scratch),
      );
      for (const call of calls) {
        const hit = readHit(`${report}.${call.number}`);
        if (hit) seen.add(hit.syscall);
        const why = `system call ${hit?.syscall}, the ${call.number}th`;
        if (!hit) expect([call.code, call.same], why).toEqual([0, true]);
        else if (!NOT_OURS.includes(hit.syscall) && !(hit.syscall === SYSCALL.write && hit.argument === 1))
          expectEnd(call, why);
      }
      if (calls.some(({ number }) => !readHit(`${report}.${number}`))) break;
    }
    for (const call of [SYSCALL.poll, SYSCALL.fork]) expect([...seen]).toContain(call);
  },
);

/** Those that any of its processes can do without. */
const SPARED = {
  close_range: 436,
  prctl: 157,
  setitimer: 38,
  statx: 332,
  flock: 73,
  signalfd4: 289,
  sigaltstack: 131,
};

test.each(Object.entries(SPARED))("neither the observer nor its writers need %s", async (_, number) => {
  const scratch = await useRuntime();
  const filter = await bring("filter", here(scratch));
  const env = { TAP_FOLDER: scratch.folder };
  for (const how of [`${constants.errno.EPERM}:${number}`, String(number)]) {
    const { code, stdout, stderr } = await runTap({ role: "post", exe, env, stdin: "", via: [filter, how] });
    expect([code, stdout.toString(), stderr]).toEqual([0, "done", "seen web-0\n"]);
  }
  expect(readFileSync(scratch.path("log"), "utf8")).toBe("pod web-0\npod web-0\n");
});

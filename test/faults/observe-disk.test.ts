import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { type Observing, observeRuntime } from "../cli/observe/support/observing.ts";
import { classicPodLineOf, podNumber, runPods, tell } from "../cli/observe/support/pods.ts";
import { describeOnPrivateMachine, unshare } from "../support/private-mounts.ts";
import { useScratch } from "../support/scratch.ts";
import { writerOf } from "./support/writers.ts";

const isRoot = process.getuid?.() === 0;
const KB = 1 << 10;
const linesOf = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => classicPodLineOf("RunPodSandbox", from + i));

/** An observer that logs to a file system of its own, which has this much room until `makeRoom`. */
async function observeOnDisk(room: number) {
  const scratch = useScratch();
  mkdirSync(scratch.path("disk"));
  const size = 16 << 20;
  const log = scratch.path("disk/cni.log");
  const script = `mount -t tmpfs -o size=${size} tmpfs "$0" && head -c ${size - room} /dev/zero >"$0/filler" && exec "$@"`;
  const via = [...unshare, "sh", "-c", script, scratch.path("disk")];
  const { observing, connection } = await observeRuntime({ args: ["-log-file", log], via });
  await connection.start();
  const seen = (name: string) => `/proc/${observing.pid}/root${scratch.path(`disk/${name}`)}`;
  return {
    ...{ observing, connection, log },
    makeRoom: () => rmSync(seen("filler")),
    readOnly: (on: boolean) => remount(observing, scratch.path("disk"), on ? "ro" : "rw"),
    write: (text: string) => writeFileSync(seen("cni.log"), text, { mode: 0o600 }),
    lines: () => readFileSync(seen("cni.log"), "utf8").split("\n").slice(0, -1),
  };
}

/** Remounts from inside the observer's mount namespace and below its root, which may be another. */
function remount({ pid }: Observing, directory: string, option: string): void {
  execFileSync("nsenter", ["-m", "-r", "-t", String(pid), "mount", "-o", `remount,${option}`, directory]);
}

describeOnPrivateMachine("a disk", () => {
  test("that is full delays no event, and gets all lines when there is room", async () => {
    const { observing, connection, log, makeRoom, lines } = await observeOnDisk(24 * KB);
    await runPods(connection, 0, 5_000);
    await observing.said("Started pod default/web-4999:");
    await observing.said(
      `Cannot write to ${log}: no space left on the device; up to 10000 lines are kept and retried`,
    );
    makeRoom();
    await observing.said(`Writing to ${log} again`);
    await waitFor("all lines", () => lines().at(-1) === classicPodLineOf("RunPodSandbox", 4_999), 20_000);
    // The part of a line that had room stays, and the whole line follows it.
    const wanted = linesOf(0, 5_000);
    const whole = new Set(wanted);
    expect(
      lines()
        .filter((line) => whole.has(line))
        .join("\n") === wanted.join("\n"),
    ).toBe(true);
    const halves = lines().filter((line) => !whole.has(line));
    expect(halves.length).toBeLessThanOrEqual(1);
    for (const half of halves) expect(wanted.some((line) => line.startsWith(half))).toBe(true);
    expect((await observing.end()).code).toBe(0);
  });

  test("that stays full loses the oldest of more than 10,000 lines, and the log says how many are missing", async () => {
    const { observing, connection, log, makeRoom, lines } = await observeOnDisk(0);
    await runPods(connection, 0, 12_000);
    await observing.said("Started pod default/web-11999:");
    await observing.said(
      `Cannot write to ${log}: no space left on the device; up to 10000 lines are kept and retried`,
    );
    makeRoom();
    await waitFor("all lines", () => lines().at(-1) === classicPodLineOf("RunPodSandbox", 11_999), 20_000);
    const missing = Number(
      /^(\d+) pod lines are missing here: too many were waiting$/.exec(lines()[0] ?? "")?.[1],
    );
    expect(missing).toBeGreaterThanOrEqual(2_000);
    expect(missing).toBeLessThan(2_500); // and those of a write that failed
    expect(lines().slice(1).join("\n") === linesOf(missing, 12_000).join("\n")).toBe(true);
    expect((await observing.end()).code).toBe(0);
  });

  test.runIf(isRoot)(
    "that is read-only delays no event, and gets all lines when it is writable again",
    async () => {
      const { observing, connection, log, makeRoom, readOnly, write, lines } = await observeOnDisk(0);
      makeRoom();
      write("half a li");
      readOnly(true);
      await runPods(connection, 0, 100);
      await observing.said(
        `Cannot open ${log}: the file system is read-only; up to 10000 lines are kept and retried`,
      );
      readOnly(false);
      await waitFor("all lines", () => lines().length === 101, 20_000);
      expect(lines()).toEqual(["half a li", ...linesOf(0, 100)]);
      expect((await observing.end()).code).toBe(0);
    },
  );
});

test("a file size limit does not end the observer, and costs no line", async () => {
  const scratch = useScratch();
  const via = ["prlimit", "--fsize=2000:unlimited"];
  const { observing, connection } = await observeRuntime({ args: ["-log-file", scratch.logFile], via });
  await connection.start();
  await runPods(connection, 0, 100);
  await observing.said(
    `Cannot write to ${scratch.logFile}: it may not grow any more; up to 10000 lines are kept and retried`,
  );
  expect(scratch.log().length).toBe(2_000);
  const writer = await writerOf(observing.pid, "cnitap-log");
  execFileSync("prlimit", ["--pid", String(writer), "--fsize=unlimited"]);
  await tell(connection, "stop", podNumber(1));
  const last = classicPodLineOf("StopPodSandbox", 1);
  await waitFor("all lines", () => scratch.linesSoFar().at(-1) === last, 20_000);
  const wanted = [...linesOf(0, 100), last];
  const half = scratch.lines().findIndex((line, i) => line !== wanted[i]);
  expect(wanted[half]?.startsWith(scratch.lines()[half] ?? "?")).toBe(true);
  expect(scratch.lines().filter((_, i) => i !== half)).toEqual(wanted);
  expect((await observing.end()).code).toBe(0);
});

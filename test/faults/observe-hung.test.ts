import { execFileSync } from "node:child_process";
import { closeSync, createReadStream, openSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { observeRuntime } from "../cli/observe/support/observing.ts";
import { classicPodLineOf, podNumber, runPods, tell } from "../cli/observe/support/pods.ts";
import { useScratch } from "../support/scratch.ts";
import { useHanging } from "./support/hanging.ts";

/** Much longer than the second that the end at SIGTERM may take, as a machine may be slow. */
const SOON_MS = 10_000;

const linesOf = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => classicPodLineOf("RunPodSandbox", from + i));

describe.each(["write", "open"] as const)("a disk whose %s hangs", (call) => {
  it("delays no event, and gets all lines when it works again", async () => {
    const scratch = useScratch();
    const hanging = useHanging(scratch, call);
    const args = ["-log-file", scratch.logFile];
    const { observing, connection } = await observeRuntime({ args, env: hanging.env });
    await connection.start();
    await tell(connection, "run", podNumber(0));
    await hanging.began();
    await runPods(connection, 1, 3_000);
    await observing.said("Started pod default/web-2999:");
    expect(hanging.hangs).toBe(true);
    expect(scratch.log()).toHaveLength(0);
    hanging.release();
    await waitFor("all lines", () => scratch.linesSoFar().length >= 3_000);
    expect(scratch.lines().join("\n") === linesOf(0, 3_000).join("\n")).toBe(true);
    expect(await observing.end()).toEqual({ code: 0, signal: null });
  });

  it("does not keep the observer from ending at SIGTERM", async () => {
    const scratch = useScratch();
    const hanging = useHanging(scratch, call);
    const args = ["-log-file", scratch.logFile];
    const { observing, connection } = await observeRuntime({ args, env: hanging.env });
    await connection.start();
    await runPods(connection, 0, 10);
    await hanging.began();
    const end = observing.end();
    // exit(3) would wait for the call, so the process can only kill itself.
    expect(await Promise.race([end, delay(SOON_MS, "still there", { ref: false })])).toEqual({
      ...{ code: null, signal: "SIGKILL" },
    });
    expect(hanging.hangs).toBe(true);
    expect(observing.messages.at(-1)).toBe("10 pod lines were not written");
  });
});

it("a disk that hangs for more than 10,000 lines loses the oldest, and the log says how many lines are missing", async () => {
  const scratch = useScratch();
  const hanging = useHanging(scratch, "write");
  const args = ["-log-file", scratch.logFile];
  const { observing, connection } = await observeRuntime({ args, env: hanging.env });
  await connection.start();
  await tell(connection, "run", podNumber(0));
  await hanging.began();
  await runPods(connection, 1, 12_001);
  await observing.said("Started pod default/web-12000:"); // an event is answered before it is reported
  hanging.release();
  await waitFor("all lines", () => scratch.linesSoFar().at(-1) === classicPodLineOf("RunPodSandbox", 12_000));
  const [first, note, ...rest] = scratch.lines();
  expect(first).toBe(classicPodLineOf("RunPodSandbox", 0));
  expect(note).toBe("2000 pod lines are missing here: too many were waiting");
  expect(rest.join("\n") === linesOf(2_001, 12_001).join("\n")).toBe(true);
});

describe("standard error that nobody reads", () => {
  /** A pipe that nobody reads; its content can be read later. */
  function useFullPipe() {
    const path = useScratch().path("pipe");
    execFileSync("mkfifo", [path]);
    const fd = openSync(path, "r+"); // neither end closes
    onTestFinished(() => closeSync(fd));
    return { path, fd };
  }

  /** Which descriptors are the pipe matters, as Node makes a pipe that is its stdout non-blocking. */
  it.each([
    ["alone", "2>&3"],
    ["together with standard output", ">&3 2>&3"],
  ])(
    "%s delays no event, costs no line of the log, and gets a message about what was lost",
    async (_, redirection) => {
      const scratch = useScratch();
      const { path } = useFullPipe();
      const via = ["sh", "-c", `exec 3<>'${path}'; exec "$@" ${redirection} 3>&-`, "sh"];
      const { observing, connection } = await observeRuntime({ args: ["-log-file", scratch.logFile], via });
      await connection.start();
      await runPods(connection, 0, 11_500); // a pipe holds about 400 of the sentences
      await waitFor("the log", () => scratch.linesSoFar().length === 11_500);
      const said = await readPipe(path, `id=id-11499"\n`);
      const missing = Number(/ msg="(\d+) lines were not written here: nobody read them"/.exec(said)?.[1]);
      const started = [...said.matchAll(/msg="Started pod default\/web-(\d+):/g)].map(([, n]) => Number(n));
      expect(missing).toBeGreaterThan(500);
      expect(started.length + missing).toBe(11_500);
      expect(started).toEqual([...started].sort((a, b) => a - b));
      expect(await observing.end()).toEqual({ code: 0, signal: null });
    },
  );

  it("does not keep the observer from ending at SIGTERM with a complete log", async () => {
    const scratch = useScratch();
    const { path } = useFullPipe();
    const via = ["sh", "-c", `exec "$@" 2<>'${path}'`, "sh"];
    const { observing, connection } = await observeRuntime({ args: ["-log-file", scratch.logFile], via });
    await connection.start();
    await runPods(connection, 0, 2_000);
    await waitFor("the log", () => scratch.linesSoFar().length === 2_000);
    const end = observing.end();
    const ended = await Promise.race([end, delay(SOON_MS, null, { ref: false })]);
    expect(ended).toEqual({ code: null, signal: "SIGKILL" });
    expect(scratch.lines()).toHaveLength(2_000);
  });

  it("that is closed does not end the observer", async () => {
    const scratch = useScratch();
    const { observing, connection } = await observeRuntime({ args: ["-log-file", scratch.logFile] });
    await connection.start();
    observing.child.stderr?.destroy();
    await runPods(connection, 0, 100);
    await waitFor("the log", () => scratch.linesSoFar().length === 100);
    expect(await observing.end()).toEqual({ code: 0, signal: null });
  });
});

/** Reads a pipe until this text has come. */
async function readPipe(path: string, last: string): Promise<string> {
  const stream = createReadStream(path, { encoding: "utf8" });
  let text = "";
  for await (const chunk of stream) {
    text += chunk;
    if (text.includes(last)) break;
  }
  return text;
}

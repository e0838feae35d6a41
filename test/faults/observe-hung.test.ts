import { execFileSync } from "node:child_process";
import { closeSync, createReadStream, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { type Observing, type ObservingOptions, observeRuntime } from "../cli/observe/support/observing.ts";
import { classicPodLineOf, podNumber, runPods, tell } from "../cli/observe/support/pods.ts";
import { holdLock } from "../support/hold-lock.ts";
import { unshare } from "../support/private-mounts.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { childrenOf, stopped, untilGone, writerOf } from "./support/writers.ts";

/** Much longer than the second that the end at SIGTERM may take, as a machine may be slow. */
const SOON_MS = 10_000;

const linesOf = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => classicPodLineOf("RunPodSandbox", from + i));

const FINE = { code: 0, signal: null };

async function observeLog(scratch: Scratch, more: readonly string[] = [], options: ObservingOptions = {}) {
  const args = ["-log-file", scratch.logFile, "-lock-file", scratch.lockFile, ...more];
  const { observing, connection } = await observeRuntime({ args, ...options });
  await connection.start();
  return { observing, connection };
}

/** An observer whose log has a first line, and the process that writes it. */
async function observeWriter(scratch: Scratch) {
  const { observing, connection } = await observeLog(scratch);
  await tell(connection, "run", podNumber(0));
  await waitFor("the first line", () => scratch.linesSoFar().length === 1);
  return { observing, connection, writer: await writerOf(observing.pid, "cnitap-log") };
}

/** Expects that SIGTERM ends an observer, well or not at all. */
async function expectEnd(observing: Observing): Promise<void> {
  expect(await Promise.race([observing.end(), delay(SOON_MS, "still there", { ref: false })])).toEqual(FINE);
}

describe("a process that writes the log and does not go on", () => {
  it("delays no event, and the log gets all lines when it does", async () => {
    const scratch = useScratch();
    const { observing, connection, writer } = await observeWriter(scratch);
    const { go } = stopped(writer);
    await runPods(connection, 1, 3_000);
    await observing.said("Started pod default/web-2999:");
    expect(scratch.lines()).toHaveLength(1);
    go();
    await waitFor("all lines", () => scratch.linesSoFar().length >= 3_000);
    expect(scratch.lines().join("\n") === linesOf(0, 3_000).join("\n")).toBe(true);
    await expectEnd(observing);
  });

  it("does not keep the observer from ending at SIGTERM, and ends after it", async () => {
    const scratch = useScratch();
    const { observing, connection, writer } = await observeWriter(scratch);
    const { go } = stopped(writer);
    await runPods(connection, 1, 11);
    await observing.said("Started pod default/web-10:");
    await expectEnd(observing);
    expect(observing.messages.at(-1)).toBe("10 pod lines were not written");
    go();
    await untilGone(writer);
  });

  it("for more than 10,000 lines loses the oldest, and the log says how many lines are missing", async () => {
    const scratch = useScratch();
    const { observing, connection, writer } = await observeWriter(scratch);
    const { go } = stopped(writer);
    await tell(connection, "run", podNumber(1));
    await observing.said("Started pod default/web-1:");
    await runPods(connection, 2, 12_002);
    await observing.said("Started pod default/web-12001:"); // an event is answered before it is reported
    go();
    await waitFor(
      "all lines",
      () => scratch.linesSoFar().at(-1) === classicPodLineOf("RunPodSandbox", 12_001),
    );
    const [first, second, note, ...rest] = scratch.lines();
    expect([first, second]).toEqual(linesOf(0, 2));
    expect(note).toBe("2000 pod lines are missing here: too many were waiting");
    expect(rest.join("\n") === linesOf(2_002, 12_002).join("\n")).toBe(true);
  });
});

describe("a process that writes the log and is killed", () => {
  it("while it has nothing to do is replaced, without a word", async () => {
    const scratch = useScratch();
    const { observing, connection, writer } = await observeWriter(scratch);
    process.kill(writer, "SIGKILL");
    await untilGone(writer);
    await tell(connection, "run", podNumber(1));
    await waitFor("the line", () => scratch.linesSoFar().length === 2);
    expect(scratch.lines()).toEqual(linesOf(0, 2));
    await observing.said("Started pod default/web-1:");
    expect(observing.messages.filter((line) => line.startsWith("Cannot"))).toEqual([]);
  });

  it("with lines is named, and the next one gets them", async () => {
    const scratch = useScratch();
    const { observing, connection, writer } = await observeWriter(scratch);
    stopped(writer);
    await runPods(connection, 1, 4);
    await observing.said("Started pod default/web-3:");
    process.kill(writer, "SIGKILL");
    const words = `Cannot write to ${scratch.logFile}: the process that writes it has died`;
    await observing.said(`${words}; up to 10000 lines are kept and retried`);
    await observing.said(`Writing to ${scratch.logFile} again`);
    expect(scratch.lines()).toEqual(linesOf(0, 4));
  });

  it("again and again, costs no line", async () => {
    const scratch = useScratch();
    const { observing, connection, writer } = await observeWriter(scratch);
    let last = writer;
    for (let from = 1; from < 400; from += 40) {
      const answered = runPods(connection, from, from + 40);
      process.kill(last, "SIGKILL"); // at any moment of its work
      await answered;
      await tell(connection, "stop", podNumber(from));
      last = await writerOf(observing.pid, "cnitap-log", last);
    }
    const wanted = linesOf(0, 401);
    await waitFor("all lines", () => wanted.every((line) => scratch.linesSoFar().includes(line)), 20_000);
    await expectEnd(observing);
    const whole = new Set(wanted);
    const others = scratch
      .lines()
      .filter((line) => !whole.has(line) && !line.startsWith("NRI_EVENT=StopPodSandbox,"));
    expect(others).toEqual([]);
    expect(childrenOf(observing.pid)).toEqual([]);
  });
});

it("an observer that is killed leaves a log of whole lines, and no process", async () => {
  const scratch = useScratch();
  const { observing, connection, writer } = await observeWriter(scratch);
  const error = await writerOf(observing.pid, "cnitap-err");
  runPods(connection, 1, 500).catch(() => {}); // the connection ends
  await waitFor("some lines", () => scratch.linesSoFar().length > 20);
  await observing.end("SIGKILL");
  await Promise.all([writer, error].map(untilGone));
  const { length } = scratch.lines();
  expect(scratch.lines()).toEqual(linesOf(0, length));
});

describe("the taps' lock", () => {
  it("that is held for long delays no event, and no line for longer than its time", async () => {
    const scratch = useScratch();
    await holdLock(scratch.lockFile);
    const { observing, connection } = await observeLog(scratch, ["-set", "lockTimeoutMs=50"]);
    await runPods(connection, 0, 200);
    await waitFor("all lines", () => scratch.linesSoFar().length === 200);
    expect(scratch.lines()).toEqual(linesOf(0, 200));
    const words = `Cannot lock ${scratch.lockFile}: held elsewhere for all of 50 ms, wrote without it`;
    await observing.said(words);
    expect(observing.messages.filter((line) => line.startsWith("Cannot"))).toEqual([words]);
    await expectEnd(observing);
  });

  it("is waited for, and its lines are written when it is free", async () => {
    const scratch = useScratch();
    const lock = await holdLock(scratch.lockFile);
    const { observing, connection } = await observeLog(scratch, ["-set", "lockTimeoutMs=5000"]);
    await runPods(connection, 0, 200);
    await observing.said("Started pod default/web-199:");
    expect(scratch.log()).toHaveLength(0);
    await lock.release();
    await waitFor("all lines", () => scratch.linesSoFar().length === 200);
    expect(scratch.lines()).toEqual(linesOf(0, 200));
    expect(observing.messages.filter((line) => line.startsWith("Cannot"))).toEqual([]);
  });
});

describe.runIf(process.getuid?.() === 0)("a file system that is frozen", () => {
  /** An observer that logs to a file system of its own, which can be frozen (fsfreeze(8)). */
  async function observeFrozen() {
    const scratch = useScratch();
    const disk = scratch.path("disk");
    mkdirSync(disk);
    execFileSync("truncate", ["-s", "8M", scratch.path("image")]);
    execFileSync("mkfs.ext4", ["-q", "-O", "^has_journal", scratch.path("image")]);
    const script = 'mount -o loop "$0" "$1" && chmod 700 "$1" && shift && exec "$@"';
    const via = [...unshare, "sh", "-c", script, scratch.path("image"), disk];
    const args = ["-log-file", `${disk}/cni.log`, "-lock-file", scratch.lockFile];
    const { observing, connection } = await observeRuntime({ args, via });
    await connection.start();
    const seen = `/proc/${observing.pid}/root${disk}`;
    const directory = openSync(seen, "r"); // it outlives the observer
    const lines = () => readFileSync(`/proc/self/fd/${directory}/cni.log`, "utf8").split("\n").slice(0, -1);
    await tell(connection, "run", podNumber(0));
    await waitFor("the first line", () => existsSync(`${seen}/cni.log`) && lines().length === 1);
    execFileSync("fsfreeze", ["-f", seen]);
    let frozen = true;
    const thaw = () => {
      if (frozen) execFileSync("fsfreeze", ["-u", `/proc/${process.pid}/fd/${directory}/.`]);
      frozen = false;
    };
    onTestFinished(() => {
      thaw();
      closeSync(directory);
    });
    return { observing, connection, lines, thaw, writer: await writerOf(observing.pid, "cnitap-log") };
  }

  it("delays no event, and gets all lines when it is thawed", async () => {
    const { observing, connection, lines, thaw } = await observeFrozen();
    await runPods(connection, 1, 1_000);
    await observing.said("Started pod default/web-999:");
    expect(lines()).toHaveLength(1);
    thaw();
    await waitFor("all lines", () => lines().length >= 1_000);
    expect(lines().join("\n") === linesOf(0, 1_000).join("\n")).toBe(true);
    await expectEnd(observing);
  });

  it("does not keep the observer from ending at SIGTERM", async () => {
    const { observing, connection, thaw, writer } = await observeFrozen();
    await runPods(connection, 1, 11);
    await observing.said("Started pod default/web-10:");
    await expectEnd(observing);
    expect(observing.messages.at(-1)).toBe("10 pod lines were not written");
    thaw();
    await untilGone(writer);
  });
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
    const error = await writerOf(observing.pid, "cnitap-err");
    await expectEnd(observing);
    expect(scratch.lines()).toHaveLength(2_000);
    await untilGone(error);
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

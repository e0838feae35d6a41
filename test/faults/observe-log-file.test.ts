import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { expect, test } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { observeRuntime } from "../cli/observe/support/observing.ts";
import { classicPodLineOf, podNumber, runPods, tell } from "../cli/observe/support/pods.ts";
import { holdLock, untilOpen } from "../support/hold-lock.ts";
import { classicLine } from "../support/log-lines.ts";
import { roles, runTap } from "../support/run-tap.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";
import { childrenOf, descriptorsOf, writerOf } from "./support/writers.ts";

const isRoot = process.getuid?.() === 0;
const PLANTED = "planted\n";

interface Wrong {
  readonly plant: (scratch: Scratch) => void;
  readonly complaint: string;
}

const wrong: Readonly<Record<string, Wrong>> = {
  "a link to a file": {
    plant: ({ logFile }) => symlinkSync("planted", logFile),
    complaint: "Cannot open LOG: it is a symbolic link",
  },
  "a link to itself": {
    plant: ({ logFile }) => symlinkSync("cni.log", logFile),
    complaint: "Cannot open LOG: it is a symbolic link",
  },
  "a FIFO": {
    plant: ({ logFile }) => void execFileSync("mkfifo", ["-m", "600", logFile]),
    complaint: "Cannot use LOG: not a regular file",
  },
  "a directory": {
    plant: ({ logFile }) => mkdirSync(logFile),
    complaint: "Cannot open LOG: it is a directory",
  },
  "a second link of a file": {
    plant: ({ logFile, path }) => linkSync(path("planted"), logFile),
    complaint: "Cannot use LOG: it has other links",
  },
  "a file that all may write": {
    plant: ({ logFile }) => {
      writeFileSync(logFile, PLANTED);
      chmodSync(logFile, 0o666);
    },
    complaint: "Cannot use LOG: others may write it",
  },
  ...(isRoot && {
    "another user's file": {
      plant: ({ logFile }) => {
        writeFileSync(logFile, PLANTED, { mode: 0o600 });
        chownSync(logFile, 65534, 65534);
      },
      complaint: "Cannot use LOG: another user's file",
    },
  }),
};

/** Expects that events are answered, and that their lines wait until the wrong file, which stays as it is, is gone. */
async function expectWaiting({ plant, complaint }: Wrong): Promise<void> {
  const scratch = useScratch();
  writeFileSync(scratch.path("planted"), PLANTED, { mode: 0o600 });
  plant(scratch);
  const { observing, connection } = await observeRuntime({ args: ["-log-file", scratch.logFile] });
  await connection.start();
  await runPods(connection, 0, 20);
  await observing.said(
    `${complaint.replace("LOG", scratch.logFile)}; up to 10000 lines are kept and retried`,
  );
  await runPods(connection, 20, 40);
  rmSync(scratch.logFile, { recursive: true });
  await waitFor("all lines", () => scratch.linesSoFar().length === 40);
  expect(scratch.lines()).toEqual(Array.from({ length: 40 }, (_, i) => classicPodLineOf("RunPodSandbox", i)));
  await observing.said(`Writing to ${scratch.logFile} again`);
  expect(readFileSync(scratch.path("planted"), "utf8")).toBe(PLANTED);
  expect(observing.messages.filter((line) => line.startsWith("Cannot"))).toHaveLength(1);
}

/** An observer with the log and the lock of the scratch directory. */
async function observeLog(scratch: Scratch, more: readonly string[] = []) {
  const args = ["-log-file", scratch.logFile, "-lock-file", scratch.lockFile, ...more];
  const { observing, connection } = await observeRuntime({ args });
  await connection.start();
  return { observing, connection };
}

test("a link, FIFO, directory or unsafe file in the log's place delays no event, and lines wait", async () => {
  await Promise.all(Object.values(wrong).map(expectWaiting)); // each takes a second
});

test("a log that is moved or removed is created again", async () => {
  const scratch = useScratch();
  const { connection } = await observeRuntime({ args: ["-log-file", scratch.logFile] });
  const logged = async (number: number) => {
    await tell(connection, "run", podNumber(number));
    await waitFor("the line", () => scratch.linesSoFar().length === 1);
    expect(scratch.lines()).toEqual([classicPodLineOf("RunPodSandbox", number)]);
  };
  await connection.start();
  await logged(1);
  renameSync(scratch.logFile, scratch.path("old"));
  await logged(2);
  rmSync(scratch.logFile);
  await logged(3);
});

test("a log that is rotated twice while its lines wait for the lock gets them in the new file", async () => {
  const scratch = useScratch();
  const { logFile, path } = scratch;
  const lock = await holdLock(scratch.lockFile);
  const { observing, connection } = await observeLog(scratch, ["-set", "lockTimeoutMs=5000"]);
  await runPods(connection, 0, 3);
  await untilOpen(await writerOf(observing.pid, "cnitap-log"), scratch.lockFile);
  for (const text of ["", "new\n"]) {
    writeFileSync(logFile, "old\n", { mode: 0o600 });
    renameSync(logFile, path("cni.log.1"));
    writeFileSync(logFile, text, { mode: 0o600 });
  }
  await lock.release();
  await waitFor("the lines", () => scratch.linesSoFar().length === 4);
  expect(scratch.lines()).toEqual(["new", ...[0, 1, 2].map((i) => classicPodLineOf("RunPodSandbox", i))]);
  expect(readFileSync(path("cni.log.1"), "utf8")).toBe("old\n");
  expect(await observing.end()).toEqual({ code: 0, signal: null });
  expect(observing.messages.filter((line) => line.startsWith("Cannot"))).toEqual([]);
});

test("no empty line follows a line that a tap writes under the lock", async () => {
  const scratch = useScratch();
  const lock = await holdLock(scratch.lockFile);
  writeFileSync(scratch.logFile, "a tap's li", { mode: 0o600 });
  const { observing, connection } = await observeLog(scratch, ["-set", "lockTimeoutMs=5000"]);
  await runPods(connection, 0, 1);
  await untilOpen(await writerOf(observing.pid, "cnitap-log"), scratch.lockFile);
  appendFileSync(scratch.logFile, "ne\n");
  await lock.release();
  await waitFor("the line", () => scratch.linesSoFar().at(-1) === classicPodLineOf("RunPodSandbox", 0));
  expect(scratch.lines()).toEqual(["a tap's line", classicPodLineOf("RunPodSandbox", 0)]);
});

test("lines that were partly written are written again, also if the log is gone meanwhile", async () => {
  const scratch = useScratch();
  const { logFile } = scratch;
  const wanted = [0, 1, 2].map((i) => classicPodLineOf("Synchronize", i));
  const room = Buffer.byteLength(`${wanted[0]}\n`) + 10;
  const via = ["prlimit", `--fsize=${room}:unlimited`];
  const { observing, connection } = await observeRuntime({ args: ["-log-file", logFile], via });
  await connection.start({ pods: [0, 1, 2].map((i) => podNumber(i)) });
  await observing.said(`Cannot write to ${logFile}: it took only a part of the line; `);
  expect(scratch.log()).toHaveLength(room);
  rmSync(logFile);
  execFileSync("prlimit", [
    "--pid",
    String(await writerOf(observing.pid, "cnitap-log")),
    "--fsize=unlimited",
  ]);
  await waitFor("the lines", () => scratch.linesSoFar().at(-1) === wanted[2]);
  expect(scratch.lines()).toEqual(wanted.slice(1)); // the first was whole in the log that is gone
});

test("no descriptor is left open by successful or failed writes", async () => {
  const scratch = useScratch();
  const { observing, connection } = await observeLog(scratch);
  const logged = async (number: number) => {
    await tell(connection, "run", podNumber(number));
    const line = classicPodLineOf("RunPodSandbox", number);
    await waitFor("the line", () => scratch.linesSoFar().at(-1) === line);
    await observing.said(`Started pod default/web-${number}:`);
  };
  await logged(0);
  const writer = await writerOf(observing.pid, "cnitap-log");
  const all = [observing.pid, writer, await writerOf(observing.pid, "cnitap-err")];
  await waitFor("the closed log", () => descriptorsOf(writer) === 1); // its socket
  const before = all.map(descriptorsOf);
  const asBefore = () => waitFor("as before", () => all.map(descriptorsOf).join() === before.join());
  for (let i = 1; i < 50; i++) await logged(i);
  await asBefore();
  execFileSync("prlimit", ["--pid", String(writer), `--fsize=${scratch.log().length}:unlimited`]);
  await tell(connection, "run", podNumber(50));
  await observing.said("it may not grow any more; ");
  await asBefore();
  execFileSync("prlimit", ["--pid", String(writer), "--fsize=unlimited"]);
  await waitFor("the line", () => scratch.linesSoFar().length === 51);
  await asBefore();
  expect(childrenOf(observing.pid)).toHaveLength(2);
});

test("a log over logMaxBytes is rotated, as by the taps", async () => {
  const scratch = useScratch();
  const { observing, connection } = await observeLog(scratch, ["-set", "logMaxBytes=1000"]);
  for (let i = 0; i < 40; i++) {
    await tell(connection, "run", podNumber(i));
    const line = classicPodLineOf("RunPodSandbox", i);
    await waitFor("the line", () => scratch.linesSoFar().at(-1) === line);
  }
  const old = readFileSync(`${scratch.logFile}.1`, "utf8");
  expect(old.length).toBeGreaterThan(1_000);
  expect(old.length).toBeLessThan(1_300); // the last line began below the limit
  const kept = [...old.split("\n").slice(0, -1), ...scratch.lines()];
  expect(kept).toEqual(
    Array.from({ length: kept.length }, (_, i) => classicPodLineOf("RunPodSandbox", 40 - kept.length + i)),
  );
  expect(scratch.names()).toEqual(["cni.lock", "cni.log", "cni.log.1"]);
  expect(observing.messages.filter((line) => line.startsWith("Cannot"))).toEqual([]);
});

test("lines wait if a log over twice logMaxBytes cannot be rotated, as somebody holds its own lock", async () => {
  const scratch = useScratch();
  const lock = await holdLock(scratch.logFile);
  const { observing, connection } = await observeLog(scratch, [
    "-set",
    "logMaxBytes=1000",
    "-set",
    "lockTimeoutMs=20",
  ]);
  const wanted = Array.from({ length: 40 }, (_, i) => classicPodLineOf("RunPodSandbox", i));
  for (let i = 0; i < 40; i++) {
    await tell(connection, "run", podNumber(i));
    await observing.said(`Started pod default/web-${i}:`);
  }
  const words = `Cannot write to ${scratch.logFile}: over twice logMaxBytes and not rotated; up to 10000 lines are kept and retried`;
  await observing.said(words);
  const before = scratch.lines();
  expect(before).toEqual(wanted.slice(0, before.length));
  expect(scratch.log().length).toBeGreaterThan(2_000);
  expect(before.length).toBeLessThan(40);
  await lock.release();
  await waitFor("the last line", () => scratch.linesSoFar().at(-1) === wanted[39]);
  const old = readFileSync(`${scratch.logFile}.1`, "utf8").split("\n").slice(0, -1);
  expect([...old, ...scratch.lines()]).toEqual(wanted);
});

test("all lines of the observer and of taps that write at once are there and whole", async () => {
  const scratch = useScratch();
  const { connection } = await observeLog(scratch, ["-set", "lockTimeoutMs=5000"]);
  const stdin = stanza(scratch, `{"cniVersion":"1.0.0","filler":"${"f".repeat(2_000)}"}`, {
    lockTimeoutMs: 5_000,
  });
  const taps = Array.from({ length: 40 }, (_, i) =>
    runTap({ role: roles[i % 2] ?? "pre", env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: `tap-${i}` }, stdin }),
  );
  await runPods(connection, 0, 400);
  for (const { code } of await Promise.all(taps)) expect(code).toBe(0);
  await waitFor("all lines", () => scratch.linesSoFar().length === 440);
  const wanted = [
    ...taps.map((_, i) => classicLine("ADD", `tap-${i}`, "input", stdin)),
    ...Array.from({ length: 400 }, (_, i) => classicPodLineOf("RunPodSandbox", i)),
  ];
  expect(scratch.lines().sort()).toEqual(wanted.sort());
});

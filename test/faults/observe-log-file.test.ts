import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { observeRuntime } from "../cli/observe/support/observing.ts";
import { classicPodLineOf, podNumber, runPods, tell } from "../cli/observe/support/pods.ts";
import { classicLine } from "../support/log-lines.ts";
import { roles, runTap } from "../support/run-tap.ts";
import { type Scratch, useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";
import { useHanging } from "./support/hanging.ts";

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

test.each([
  ["between its open and its check", "opened"],
  ["between its open and its write", "write"],
] as const)("a log that is rotated twice %s gets its lines in the new file", async (_, call) => {
  const scratch = useScratch();
  const { logFile, path } = scratch;
  const hanging = useHanging(scratch, call);
  const { observing, connection } = await observeRuntime({ args: ["-log-file", logFile], env: hanging.env });
  await connection.start();
  await runPods(connection, 0, 3);
  await hanging.began();
  for (const text of ["", "new\n"]) {
    renameSync(logFile, path("cni.log.1"));
    writeFileSync(logFile, text, { mode: 0o600 });
  }
  hanging.release();
  await waitFor("the lines", () => scratch.linesSoFar().length === 4);
  expect(scratch.lines()).toEqual(["new", ...[0, 1, 2].map((i) => classicPodLineOf("RunPodSandbox", i))]);
  expect(readFileSync(path("cni.log.1"), "utf8")).toBe("");
  expect(await observing.end()).toEqual({ code: 0, signal: null });
  expect(observing.messages.filter((line) => line.startsWith("Cannot"))).toEqual([]);
});

test("no empty line follows a line that was incomplete when it was read and is complete now", async () => {
  const scratch = useScratch();
  const hanging = useHanging(scratch, "looked");
  writeFileSync(scratch.logFile, "a tap's li", { mode: 0o600 });
  const { connection } = await observeRuntime({ args: ["-log-file", scratch.logFile], env: hanging.env });
  await connection.start();
  await runPods(connection, 0, 1);
  await hanging.began();
  appendFileSync(scratch.logFile, "ne\n");
  hanging.release();
  await waitFor("the line", () => scratch.linesSoFar().at(-1) === classicPodLineOf("RunPodSandbox", 0));
  expect(scratch.lines()).toEqual(["a tap's line", classicPodLineOf("RunPodSandbox", 0)]);
});

test("lines that were partly written to a log that is gone are written again", async () => {
  const scratch = useScratch();
  const { logFile } = scratch;
  const hanging = useHanging(scratch, "write");
  const { observing, connection } = await observeRuntime({ args: ["-log-file", logFile], env: hanging.env });
  await connection.start({ pods: [0, 1, 2].map((i) => podNumber(i)) });
  await hanging.began();
  rmSync(logFile);
  const wanted = [0, 1, 2].map((i) => classicPodLineOf("Synchronize", i));
  const room = Buffer.byteLength(`${wanted[0]}\n`) + 10;
  execFileSync("prlimit", ["--pid", String(observing.pid), `--fsize=${room}:unlimited`]);
  hanging.release();
  await observing.said(`Cannot write to ${logFile}: it took only a part; `);
  execFileSync("prlimit", ["--pid", String(observing.pid), "--fsize=unlimited"]);
  await waitFor("the lines", () => scratch.linesSoFar().at(-1) === wanted[2]);
  expect(scratch.lines().filter((line) => wanted.includes(line))).toEqual(wanted);
});

test("a log whose close fails gets every line, and later ones when it succeeds", async () => {
  const scratch = useScratch();
  const library = scratch.path("closing.so");
  const source = join(import.meta.dirname, "support/closing.c");
  execFileSync("gcc", ["-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", library, source, "-ldl"]);
  writeFileSync(scratch.path("fails"), "");
  const { observing, connection } = await observeRuntime({
    args: ["-log-file", scratch.logFile],
    env: { LD_PRELOAD: library, FAIL_FILE: scratch.logFile, FAIL_WHILE: scratch.path("fails") },
  });
  await connection.start();
  await runPods(connection, 0, 1);
  await observing.said(/^Cannot write to .*: EIO: /);
  rmSync(scratch.path("fails"));
  await runPods(connection, 1, 2);
  await observing.said(`Writing to ${scratch.logFile} again`);
  const last = classicPodLineOf("RunPodSandbox", 1);
  await waitFor("the next line", () => scratch.linesSoFar().at(-1) === last);
  expect(new Set(scratch.lines())).toEqual(new Set([classicPodLineOf("RunPodSandbox", 0), last]));
  expect(await observing.end()).toEqual({ code: 0, signal: null });
});

test("no descriptor is left open by successful or failed writes", async () => {
  const scratch = useScratch();
  const { observing, connection } = await observeRuntime({ args: ["-log-file", scratch.logFile] });
  await connection.start();
  const descriptors = () => readdirSync(`/proc/${observing.pid}/fd`).length;
  const logged = async (number: number) => {
    await tell(connection, "run", podNumber(number));
    await waitFor(
      "the line",
      () => scratch.linesSoFar().at(-1) === classicPodLineOf("RunPodSandbox", number),
    );
  };
  await logged(0);
  await waitFor("the closed log", () => !holds(observing.pid, scratch.logFile));
  const before = descriptors();
  for (let i = 1; i < 50; i++) await logged(i);
  execFileSync("prlimit", ["--pid", String(observing.pid), `--fsize=${scratch.log().length}:unlimited`]);
  await tell(connection, "run", podNumber(50));
  await observing.said("it may not grow any more; ");
  await waitFor("as many descriptors as before", () => descriptors() <= before);
  execFileSync("prlimit", ["--pid", String(observing.pid), "--fsize=unlimited"]);
  await waitFor("the line", () => scratch.linesSoFar().length === 51);
  await waitFor("as many descriptors as before", () => descriptors() <= before);
});

/** Whether one of a process's descriptors is this file. */
function holds(pid: number, file: string): boolean {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).some((fd) => linkOf(`${directory}/${fd}`) === file);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // closed meanwhile
  }
}

test("lines wait for a tap to rotate a log over twice logMaxBytes", async () => {
  const scratch = useScratch();
  const args = ["-log-file", scratch.logFile, "-set", "logMaxBytes=1000"];
  const { observing, connection } = await observeRuntime({ args });
  await connection.start();
  await runPods(connection, 0, 40);
  await observing.said(/^Cannot write to .*: over twice logMaxBytes, and no tap has rotated it; up to/);
  const { length } = scratch.log();
  expect(length).toBeGreaterThan(2_000);
  expect(length).toBeLessThan(2_300); // the last line began below the limit
  // Each tap that finds the log too large rotates it, which makes room for some more lines.
  const stdin = stanza(scratch, '{"cniVersion":"1.0.0"}', { logMaxBytes: 1_000 });
  const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "tap" };
  const own = new Set<string>();
  await waitFor(
    "the last line",
    async () => {
      await runTap({ role: "post", env, stdin });
      const old = readFileSync(`${scratch.logFile}.1`, "utf8").split("\n");
      for (const line of [...old, ...scratch.linesSoFar()]) own.add(line);
      return own.has(classicPodLineOf("RunPodSandbox", 39));
    },
    20_000,
  );
  for (let i = 0; i < 40; i++) expect(own).toContain(classicPodLineOf("RunPodSandbox", i));
});

test("all lines of the observer and of taps that write at once are there and whole", async () => {
  const scratch = useScratch();
  const { connection } = await observeRuntime({ args: ["-log-file", scratch.logFile] });
  await connection.start();
  const stdin = stanza(scratch, `{"cniVersion":"1.0.0","filler":"${"f".repeat(2_000)}"}`, {
    lockTimeoutMs: 5_000,
  });
  const taps = Array.from({ length: 40 }, (_, i) =>
    runTap({ role: roles[i % 2] ?? "pre", env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: `tap-${i}` }, stdin }),
  );
  await runPods(connection, 0, 400);
  for (const { code } of await Promise.all(taps)) expect(code).toBe(0);
  // A writer that looks at the log's end while another writes may see half a line, and puts a line feed first.
  const written = () => scratch.linesSoFar().filter((line) => line !== "");
  await waitFor("all lines", () => written().length === 440);
  const wanted = [
    ...taps.map((_, i) => classicLine("ADD", `tap-${i}`, "input", stdin)),
    ...Array.from({ length: 400 }, (_, i) => classicPodLineOf("RunPodSandbox", i)),
  ];
  expect(written().sort()).toEqual(wanted.sort());
});

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { tapPath } from "../support/run-tap.ts";
import { describeAsRoot } from "./support/node.ts";

describeAsRoot("a command with a private containerd leaves nothing behind", () => {
  let scratch = "";
  beforeEach(async () => {
    scratch = await mkdtemp("/tmp/e2e-");
  });
  afterEach(() => rm(scratch, { recursive: true, force: true }));

  it.each([
    ["killed", "SIGKILL", "running"],
    ["terminated", "SIGTERM", "running"],
    ["interrupted", "SIGINT", "running"],
    ["killed while it starts", "SIGKILL", "starting"],
    ["ended by an exception", "throw", "running"],
    ["ended by process.exit", "exit", "running"],
  ] as const)("when it is %s", async (_, ending, moment) => {
    const links = await readdir("/sys/class/net");
    const script = join(import.meta.dirname, "support/abandon.ts");
    const command = spawn(process.execPath, [script, ending, tapPath("pre"), tapPath("post")], {
      stdio: ["pipe", "pipe", "ignore"],
      env: { ...process.env, TMPDIR: scratch },
    });
    const ended = new Promise((resolve) => command.on("close", resolve));
    const line = await lineOf(command.stdout, moment);
    const started = await descendants(command.pid ?? 0);
    const groups = await groupsOf(basename(line));
    if (moment === "running") {
      expect(started.length).toBeGreaterThan(5); // guard.sh, unshare, init.sh, containerd, its shim and the pod
      expect(groups).not.toEqual([]);
    }
    if (ending === "throw" || ending === "exit") command.stdin.end();
    else command.kill(ending);
    await ended;

    const rest = async () => [...(await leftovers(scratch, started)), ...(await groupsOf(basename(line)))];
    await waitFor("the end of all processes and groups", async () => (await rest()).length === 0).catch(
      () => {},
    );
    expect(await rest()).toEqual([]);
    expect(await readdir("/sys/class/net")).toEqual(links);
  });
});

/** Waits for a line that begins with a word. */
function lineOf(output: Readable, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface(output);
    lines.on("line", (line) => line.startsWith(word) && resolve(line));
    lines.on("close", () => reject(new Error(`The command ended before it wrote "${word}"`)));
  });
}

interface Process {
  readonly pid: string;
  readonly parent: string;
  /** With the start time, as the process ID alone may be another process's later. */
  readonly name: string;
}

/** All processes except zombies; when those go is up to the machine's process 1. */
async function processes(): Promise<Process[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      const [state = "Z", parent = "", ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return { pid, parent, state: state || "Z", name: `process ${pid} from ${fields[17]}` };
    }),
  );
  return found.filter(({ state }) => state !== "Z");
}

/** The names of all processes below one. */
async function descendants(pid: number): Promise<string[]> {
  const all = await processes();
  const below = (parent: string): Process[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(String(pid)).map(({ name }) => name);
}

/** The control groups of a name, in every hierarchy. */
async function groupsOf(name: string): Promise<string[]> {
  const top = (await readdir("/sys/fs/cgroup")).map((entry) => `/sys/fs/cgroup/${entry}`);
  return [`/sys/fs/cgroup/${name}`, ...top.map((directory) => `${directory}/${name}`)].filter((path) =>
    existsSync(path),
  );
}

/** What is still there: files in the scratch directory, processes, mounts. */
async function leftovers(scratch: string, names: readonly string[]): Promise<string[]> {
  const all = await processes();
  const rest = all.map(async ({ pid, name }) => {
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
    // The command was killed, so what it had just started is known only by the scratch directory.
    const texts = await Promise.all(["mountinfo", "cmdline", "environ"].map(read));
    return names.includes(name) || texts.some((text) => text.includes(scratch)) ? [name] : [];
  });
  return [...(await Promise.all(rest)).flat(), ...(await readdir(scratch))];
}

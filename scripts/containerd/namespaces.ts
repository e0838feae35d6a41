import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { ContainerdError } from "./error.ts";
import { waitFor } from "./wait.ts";

/** A socket path has at most 107 bytes, and containerd adds long names to its directory. */
const maxFolderLength = 60;
const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const stopTimeoutMs = 15_000;
const chrootHint = `
The root folder is a chroot that is no mount: before chroot, mount it onto itself (mount --bind DIR DIR).`;

/**
 * The working directory and the namespaces of a containerd. They are removed at the end of this process at
 * the latest, because guard.sh and init.sh hold the other end of a pipe.
 */
export class Namespaces {
  /** The working directory; it has the same path inside and outside. */
  readonly folder: string;
  /** PID on the host of process 1 of the namespaces; 0 before `enter`. */
  pid = 0;
  readonly #guard: Guard;

  private constructor(guard: Guard, folder: string) {
    this.#guard = guard;
    this.folder = folder;
  }

  /** Creates the working directory. `env` is the environment inside, besides PATH and LANG. */
  static async prepare(packages: string, env: Readonly<Record<string, string>>): Promise<Namespaces> {
    const guard = new Guard(packages, env);
    const folder = await guard.expect("folder");
    const namespaces = new Namespaces(guard, folder);
    if (folder.length <= maxFolderLength) return namespaces;
    await namespaces.leave();
    throw new ContainerdError(
      `Cannot work in ${folder}: the path may have ${maxFolderLength} characters\nSet TMPDIR to a shorter one.`,
    );
  }

  /** Creates the namespaces and starts containerd. The directory must be filled before. */
  async enter(): Promise<void> {
    this.#guard.send("start");
    const unshare = Number(await this.#guard.expect("namespaces"));
    await this.#guard.expect("started");
    this.pid = await waitFor("the first process of the namespaces", () => onlyChild(unshare));
  }

  /** Restarts containerd with SIGTERM. Pods keep running. */
  async restartDaemon(): Promise<void> {
    this.#guard.send("restart");
    await this.#guard.expect("started");
  }

  /** Runs a program inside and returns its output. Rejects with its stderr if it fails. */
  exec(file: string, args: readonly string[]): Promise<string> {
    // -r: use the root directory of the process too. Without it, nsenter in a chroot gets that of the
    // machine.
    const enter = ["-t", String(this.pid), "-m", "-u", "-i", "-n", "-p", "-r", "-w", "--", file, ...args];
    const env = { PATH: `${this.folder}/bin:${systemPath}`, LANG: "C.UTF-8" };
    return new Promise((resolve, reject) => {
      execFile("nsenter", enter, { env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
        if (error)
          reject(
            new ContainerdError(`Cannot run ${file} in the namespaces: ${stderr.trim() || error.message}`),
          );
        else resolve(stdout);
      });
    });
  }

  /** Converts a path inside to the path outside. */
  outside(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  /** Reads a file inside; undefined if it does not exist. The path must have no absolute symbolic links. */
  async read(path: string): Promise<string | undefined> {
    try {
      return await readFile(this.outside(path), "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Whether the namespaces have ended. */
  get ended(): boolean {
    return !this.#guard.running;
  }

  /** Ends all processes inside and removes the directory and the control groups. May be called twice. */
  leave(): Promise<void> {
    return this.#guard.end();
  }
}

/** guard.sh as a child process that exchanges lines. */
class Guard {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: string[] = [];
  readonly #ended: Promise<void>;
  #complaints = "";
  running = true;

  constructor(packages: string, env: Readonly<Record<string, string>>) {
    const script = join(import.meta.dirname, "guard.sh");
    // Detached, so that Ctrl-C at the terminal does not end it before it has cleaned up.
    this.#child = spawn("sh", [script, tmpdir(), packages], {
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
      env: { PATH: systemPath, LANG: "C.UTF-8", ...env },
    });
    createInterface(this.#child.stdout).on("line", (line) => this.#lines.push(line));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaints += text;
    });
    this.#child.stdin.on("error", () => {}); // it has ended: expect() reports that
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.running = false;
        resolve();
      };
      this.#child.on("close", end).on("error", (error) => {
        this.#complaints += error.message;
        end();
      });
    });
  }

  send(word: string): void {
    this.#child.stdin.write(`${word}\n`);
  }

  /** Waits for the next line, which must start with `word`. Returns the rest of it. */
  expect(word: string): Promise<string> {
    return waitFor(`"${word}" of guard.sh`, () => {
      const line = this.#lines.shift();
      if (line === undefined && this.running) return undefined;
      if (line?.split(" ", 1)[0] === word) return line.slice(word.length + 1);
      const seen = this.#complaints.trim() || line || "it ended";
      const hint = seen.includes("root filesystem propagation") ? chrootHint : "";
      throw new ContainerdError(`Cannot start the namespaces of containerd: ${seen}${hint}`);
    });
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    const slow = setTimeout(() => this.#child.kill("SIGTERM"), stopTimeoutMs);
    await this.#ended;
    clearTimeout(slow);
  }
}

/** The PID of the only child of a process; undefined if it has none yet. */
async function onlyChild(parent: number): Promise<number | undefined> {
  const file = await readFile(`/proc/${parent}/task/${parent}/children`, "utf8").catch(() => undefined);
  if (file !== undefined) return Number(file.trim()) || undefined;
  // The kernel has no CONFIG_PROC_CHILDREN: search all processes for this parent.
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    if (Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === parent) return Number(name);
  }
  return undefined;
}

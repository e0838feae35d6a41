import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";

/** A process that takes no notice of SIGTERM for so long is killed. */
const SLOW_END_MS = 5000;

/** The process of a plugin. What it says on stderr goes to a file, which costs every plugin the same. */
export class PluginProcess {
  readonly #child: ChildProcess;
  readonly #stderr: string;
  readonly #ended: Promise<unknown>;

  constructor(command: readonly string[], stderr: string) {
    const [file = "", ...args] = command;
    const descriptor = openSync(stderr, "w");
    this.#child = spawn(file, args, { stdio: ["ignore", "ignore", descriptor] });
    closeSync(descriptor);
    this.#stderr = stderr;
    const kill = () => this.#child.kill("SIGKILL");
    process.once("exit", kill); // else one that connects again and again outlives this process
    this.#ended = once(this.#child, "exit")
      .then(([code, signal]: unknown[]) => signal ?? `exit code ${code}`)
      .catch((error: Error) => error.message) // it could not be started
      .finally(() => process.off("exit", kill));
  }

  /** Waits for `work`; the process's end is an error. */
  whileItRuns<T>(work: Promise<T>): Promise<T> {
    const ended = this.#ended.then((how) => {
      const said = this.stderr().trimEnd().split("\n").slice(-5).join("\n");
      throw new Error(`Cannot measure ${this.#child.spawnargs.join(" ")}: it ended (${how})\n${said}`);
    });
    return Promise.race([work, ended]);
  }

  stderr(): string {
    return readFileSync(this.#stderr, "utf8");
  }

  /** Resident megabytes, now and at most. */
  memory(): { readonly now: number; readonly most: number } {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
    return { now: read("VmRSS"), most: read("VmHWM") };
  }

  /** Milliseconds of processor time, all threads; the kernel counts in steps of 10. */
  cpuMs(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8");
    const [user, system] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 13);
    return (Number(user) + Number(system)) * 10;
  }

  async end(): Promise<void> {
    this.#child.kill("SIGTERM");
    const slow = setTimeout(() => this.#child.kill("SIGKILL"), SLOW_END_MS);
    await this.#ended;
    clearTimeout(slow);
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";

/** A process that does not exit within this time after SIGTERM is killed. */
const SLOW_END_MS = 5000;

/** The process of a plugin. Its stderr goes to a file, which costs the same for every plugin. */
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
    process.once("exit", kill); // a plugin that reconnects would survive this process
    this.#ended = once(this.#child, "exit")
      .then(([code, signal]: unknown[]) => signal ?? `exit code ${code}`)
      .catch((error: Error) => error.message) // it did not start
      .finally(() => process.off("exit", kill));
  }

  /** Waits for `work`. Rejects if the process ends before. */
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

  /** Resident megabytes, current and maximum. */
  memory(): { readonly now: number; readonly most: number } {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
    return { now: read("VmRSS"), most: read("VmHWM") };
  }

  /** Milliseconds of processor time of all threads, in the kernel's steps of 10. */
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

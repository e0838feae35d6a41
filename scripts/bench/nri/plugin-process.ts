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

  /** Resident megabytes of it and its children: now, shared pages in equal parts, and the maximum. */
  memory(): { readonly now: number; readonly most: number } {
    const read = (file: string, name: string) =>
      this.#sum((pid) => {
        const text = readFileSync(`/proc/${pid}/${file}`, "utf8");
        return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]) / 1024;
      });
    return { now: read("smaps_rollup", "Pss"), most: read("status", "VmHWM") };
  }

  /** Milliseconds of processor time of it and its children with all their threads, in the kernel's steps of 10. */
  cpuMs(): number {
    return this.#sum((pid) => {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const [user, system] = stat
        .slice(stat.lastIndexOf(")") + 2)
        .split(" ")
        .slice(11, 13);
      return (Number(user) + Number(system)) * 10;
    });
  }

  #sum(figure: (pid: number) => number): number {
    const { pid = 0 } = this.#child;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .split(" ")
      .filter(Boolean)
      .map(Number);
    return [pid, ...children].reduce((sum, one) => sum + figure(one), 0);
  }

  async end(): Promise<void> {
    this.#child.kill("SIGTERM");
    const slow = setTimeout(() => this.#child.kill("SIGKILL"), SLOW_END_MS);
    await this.#ended;
    clearTimeout(slow);
  }
}

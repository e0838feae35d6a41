import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { ContainerdError } from "../containerd/error.ts";
import type { ContainerdNode } from "../containerd/node.ts";

const SYNCHRONIZED = "Synchronized state with the runtime";

/** `cnitap observe` for a containerd, with the log of its taps; it runs until `stop`. */
export class DemoObserver {
  readonly #child: ChildProcessByStdio<null, null, Readable>;
  readonly #lines: string[] = [];

  /** Resolves when the observer is synchronized with the runtime. */
  static async start(
    cnitap: string,
    node: ContainerdNode,
    format: "classic" | "json",
  ): Promise<DemoObserver> {
    const log = node.outside("/tmp/cni.log");
    const args = ["observe", "--once", "--socket", node.nriSocket, "--log-file", log, "--log-format", format];
    const observer = new DemoObserver(
      spawn(cnitap, args, { stdio: ["ignore", "ignore", "pipe"], env: { PATH: process.env.PATH } }),
    );
    await observer.#synchronized();
    return observer;
  }

  private constructor(child: ChildProcessByStdio<null, null, Readable>) {
    this.#child = child;
  }

  /** Stops it, and waits for its last line. Returns its messages about one pod. */
  async stop(id: string): Promise<string[]> {
    if (this.#child.exitCode === null) {
      this.#child.kill("SIGTERM");
      await once(this.#child, "close");
    }
    return this.#lines.filter((line) => line.includes(id));
  }

  #synchronized(): Promise<void> {
    return new Promise((resolve, reject) => {
      createInterface(this.#child.stderr).on("line", (line) => {
        this.#lines.push(line);
        if (line.includes(SYNCHRONIZED)) resolve();
      });
      this.#child.on("error", reject).on("close", () => {
        reject(
          new ContainerdError(`Cannot start cnitap observe: ${this.#lines.at(-1) ?? "it said nothing"}`),
        );
      });
    });
  }
}

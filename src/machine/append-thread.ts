import { Worker } from "node:worker_threads";
import type { Appended } from "./append-lines.ts";
import type { AppendOrder } from "./append-worker.ts";

/** append-worker.ts as one script, put here by the build; there is none when this is run from source. */
declare const APPEND_WORKER: string;

/**
 * `appendLines` in a thread of its own, so that a disk that is slow, or hangs, holds up nothing else. One thread and
 * one message, where fs/promises goes to and fro for each system call: with all processors busy a line was ten
 * milliseconds late.
 */
export class AppendThread {
  #worker: Worker | null = null;

  constructor() {
    this.#start();
  }

  /** Does not reject, and may not be called again before it has resolved. */
  append(path: string, lines: readonly Uint8Array[], maxBytes: number): Promise<Appended> {
    const worker = this.#worker ?? this.#start();
    let end = 0;
    const ends = lines.map((line) => {
      end += line.length;
      return end;
    });
    const order: AppendOrder = { path, bytes: Buffer.concat(lines), ends, maxBytes };
    return new Promise((resolve) => {
      const settle = (appended: Appended) => {
        worker.off("message", settle).off("error", fail).unref();
        resolve(appended);
      };
      const fail = (error: Error) => {
        this.#worker = null;
        settle({ lines: 0, fault: `Cannot write to ${path}: ${error.message}` });
      };
      worker.on("message", settle).on("error", fail).ref();
      worker.postMessage(order);
    });
  }

  #start(): Worker {
    const worker =
      typeof APPEND_WORKER === "undefined"
        ? new Worker(new URL("./append-worker.ts", import.meta.url))
        : new Worker(APPEND_WORKER, { eval: true });
    worker.unref();
    this.#worker = worker;
    return worker;
  }
}

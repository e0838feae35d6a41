import { Worker } from "node:worker_threads";
import type { Appended } from "./append-lines.ts";
import type { AppendOrder } from "./append-worker.ts";

/** The bundle of append-worker.ts, set by the build; undefined when run from source. */
declare const APPEND_WORKER: string;

/**
 * Runs `appendLines` in its own thread, so that a slow or hanging disk delays nothing else. One message per
 * write: fs/promises needs one each way per system call, and with all processors busy its lines were 10 ms
 * late.
 */
export class AppendThread {
  #worker: Worker | null = null;

  constructor() {
    this.#start();
  }

  /** Never rejects. Must not be called again before it has resolved. */
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

import { Driver, type DriverOptions } from "../../../src/nri/driver.ts";
import type { Handlers } from "../../../src/nri/handlers.ts";
import type { NriError } from "../../../src/nri/nri-error.ts";
import { type Sent, SentReader } from "./messages.ts";

/** A plugin without a socket, whose clock the test sets. */
export class MemoryPlugin {
  readonly driver: Driver;
  /** All that it has written. */
  readonly written: Uint8Array[] = [];
  readonly log: string[] = [];
  /** Why it ended. */
  end: NriError | undefined;
  nowMs = 0;
  readonly #reader = new SentReader();
  #read = 0;

  constructor(handlers: Handlers, failRequests: DriverOptions["failRequests"] = false) {
    const log = (level: string, message: string) => void this.log.push(`${level}: ${message}`);
    this.driver = new Driver(
      { handlers, failRequests, log },
      {
        write: (bytes) => void this.written.push(bytes),
        close: (error) => {
          this.end = error;
        },
        now: () => this.nowMs,
      },
    );
  }

  open(): void {
    this.driver.open({ name: "test", index: "10" });
  }

  /** The messages written since the last call. */
  sent(): Sent[] {
    const found = this.written.slice(this.#read).flatMap((bytes) => this.#reader.push(bytes));
    this.#read = this.written.length;
    return found;
  }
}

/** Waits until all pending promise callbacks have run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A promise, and the function that fulfils it. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

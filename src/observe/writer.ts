import type { ByteString } from "../log/byte-string.ts";
import type { LogTarget } from "../log/target.ts";
import type { ObserveHost, WriterNumber } from "../native/observe-host.ts";
import type { Loop } from "./loop.ts";

/** What has become of lines that a writer was given. */
export interface Written {
  /** How many were written whole, counted from the first. */
  readonly lines: number;
  /** Two numbers each: an index into FAULTS (native/host.ts), -1 where the writer has died, and its detail. */
  readonly faults: readonly number[];
}

/** One of the host's writers, which takes lines one batch at a time. */
export class Writer {
  readonly #host: Pick<ObserveHost, "write" | "written">;
  readonly #number: WriterNumber;
  #done: (written: Written) => void = () => {};

  constructor(host: Pick<ObserveHost, "write" | "written">, loop: Loop, number: WriterNumber) {
    this.#host = host;
    this.#number = number;
    loop.onWritten(number, () => this.#answered());
  }

  /** Never rejects. Must not be called again before it has resolved. */
  write(target: LogTarget | null, lines: readonly ByteString[]): Promise<Written> {
    const errno = this.#host.write(this.#number, target, lines);
    if (errno !== 0) return Promise.resolve({ lines: 0, faults: [-1, errno] });
    return new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  #answered(): void {
    const answer = this.#host.written(this.#number);
    if (answer === null) return;
    const [lines = 0, ...faults] = answer;
    this.#done({ lines, faults });
    this.#done = () => {};
  }
}

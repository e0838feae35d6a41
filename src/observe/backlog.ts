import { setTimeout as delay } from "node:timers/promises";

/** As much as is handed to one write. */
const CHUNK_BYTES = 64 << 10;
/** As much as waits. Lines of pods are short; this is for a node that somebody fills with long ones. */
const MOST_BYTES = 64 << 20;

export interface BacklogOptions {
  /** Lines that wait at most; what is being written does not wait any more. */
  readonly mostLines: number;
  /** How long a place is left alone after each write, in milliseconds: what comes meanwhile goes in one. */
  readonly restMs: number;
  /** ... and how long after it did not take all. */
  readonly retryMs: number;
  /** Writes lines; how many of them, from the first on, are done with. Never rejects. */
  write(lines: readonly Buffer[]): Promise<number>;
  /** The line that says how many are missing before it. */
  lostLine(count: number): Buffer;
}

/** Lines on their way to a place that may be slow, or take none. Whoever adds some never waits. */
export class Backlog {
  readonly #options: BacklogOptions;
  readonly #waiting: Buffer[] = [];
  #bytes = 0;
  #lost = 0;
  #underWay = 0;
  #busy = false;
  #running = Promise.resolve();
  readonly #ending = new AbortController();

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** Adds what one event has to say, however much that is; where too many lines wait already, the oldest go. */
  add(lines: readonly Buffer[]): void {
    if (lines.length === 0) return;
    this.#drop(this.#options.mostLines - 1);
    for (const line of lines) {
      this.#waiting.push(line);
      this.#bytes += line.length;
    }
    if (!this.#busy) this.#running = this.#run();
  }

  /** Tries a last time to write what waits, and waits `withinMs` for it; how many lines are lost with this process. */
  async end(withinMs: number): Promise<number> {
    this.#ending.abort();
    await Promise.race([this.#running, delay(withinMs, undefined, { ref: false })]);
    return this.#waiting.length + this.#underWay;
  }

  async #run(): Promise<void> {
    const { write, lostLine, restMs, retryMs, mostLines } = this.#options;
    const { signal } = this.#ending;
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const lost = this.#lost;
      const lines = this.#take();
      this.#underWay = lines.length;
      const done = lost === 0 ? await write(lines) : (await write([lostLine(lost), ...lines])) - 1;
      this.#underWay = 0;
      if (done >= 0) this.#lost -= lost;
      const all = done === lines.length;
      if (!all) {
        this.#putBack(lines.slice(Math.max(0, done)));
        this.#drop(mostLines);
      }
      if (!signal.aborted) await delay(all ? restMs : retryMs, undefined, { signal }).catch(() => {});
      else if (!all) break; // that was the last attempt
    }
    this.#busy = false;
  }

  #take(): Buffer[] {
    let count = 0;
    let bytes = 0;
    do bytes += this.#waiting[count++]?.length ?? 0;
    while (count < this.#waiting.length && bytes < CHUNK_BYTES);
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  #putBack(lines: readonly Buffer[]): void {
    this.#waiting.unshift(...lines);
    for (const line of lines) this.#bytes += line.length;
  }

  #drop(mostLines: number): void {
    let count = 0;
    while (this.#waiting.length - count > mostLines || this.#bytes > MOST_BYTES)
      this.#bytes -= this.#waiting[count++]?.length ?? 0;
    this.#waiting.splice(0, count);
    this.#lost += count;
  }
}

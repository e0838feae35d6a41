import { setTimeout as delay } from "node:timers/promises";

/** As much as is handed to one write. */
const CHUNK_BYTES = 64 << 10;
/** As much as waits. Lines of pods are short; this is for a node that somebody fills with long ones. */
const MOST_BYTES = 64 << 20;

/** What waits are lines not made yet: making all of a large event's at once would hold up the next event. */
export interface BacklogOptions<T> {
  /**
   * Lines that wait at most; what is being written does not wait any more. More wait while a place that takes them is
   * given what one event has to say, if that alone is more.
   */
  readonly mostLines: number;
  /** How long a place is left alone after each write, in milliseconds: what comes meanwhile goes in one. */
  readonly restMs: number;
  /** ... and how long after it did not take all. */
  readonly retryMs: number;
  /** About how many bytes of memory a line takes while it waits. */
  sizeOf(line: T): number;
  encode(line: T): Buffer;
  /** Writes lines; how many of them, from the first on, are done with. Never rejects. */
  write(lines: readonly Buffer[]): Promise<number>;
  /** The line that says how many are missing before it. */
  lostLine(count: number): Buffer;
}

interface Waiting<T> {
  readonly line: T;
  readonly size: number;
}

/** Lines on their way to a place that may be slow, or take none. Whoever adds some never waits. */
export class Backlog<T> {
  readonly #options: BacklogOptions<T>;
  readonly #waiting: Waiting<T>[] = [];
  #bytes = 0;
  /** As many may wait now. */
  #limit: number;
  /** Those that stood before the first that waits, and have not been told of. */
  #lost = 0;
  #underWay = 0;
  #busy = false;
  #running = Promise.resolve();
  readonly #ending = new AbortController();

  constructor(options: BacklogOptions<T>) {
    this.#options = options;
    this.#limit = options.mostLines;
  }

  /** Adds what one event has to say, however much that is; where too many lines wait already, the oldest go. */
  add(lines: readonly T[]): void {
    const { mostLines, sizeOf } = this.#options;
    if (lines.length === 0) return;
    if (lines.length > mostLines) this.#limit = Math.max(this.#limit, lines.length + mostLines);
    this.#drop(this.#limit - lines.length);
    for (const line of lines) {
      const size = sizeOf(line);
      this.#waiting.push({ line, size });
      this.#bytes += size;
    }
    if (!this.#busy) this.#running = this.#run();
  }

  /** Tries a last time to write what waits, and waits `withinMs` for it; how many lines are lost with this process. */
  async end(withinMs: number): Promise<number> {
    this.#ending.abort();
    await Promise.race([this.#running, delay(withinMs, undefined, { ref: false })]);
    return this.#lost + this.#waiting.length + this.#underWay;
  }

  async #run(): Promise<void> {
    const { write, lostLine, restMs, retryMs } = this.#options;
    const { signal } = this.#ending;
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const lost = this.#lost;
      const { taken, lines } = this.#take();
      this.#underWay = lines.length;
      const done = lost === 0 ? await write(lines) : (await write([lostLine(lost), ...lines])) - 1;
      this.#underWay = 0;
      const lostMeanwhile = this.#lost > lost;
      if (done >= 0) this.#lost -= lost;
      const all = done === lines.length;
      const last = signal.aborted;
      if (!all) this.#giveBack(taken.slice(Math.max(0, done)), lostMeanwhile);
      else if (last || this.#bytes >= CHUNK_BYTES) continue;
      if (last) break;
      await delay(all ? restMs : retryMs, undefined, { signal }).catch(() => {}); // aborted: the last attempt
    }
    this.#limit = this.#options.mostLines;
    this.#busy = false;
  }

  /** The oldest lines, as many as one write is given. */
  #take(): { readonly taken: readonly Waiting<T>[]; readonly lines: readonly Buffer[] } {
    const lines: Buffer[] = [];
    let bytes = 0;
    for (const { line, size } of this.#waiting) {
      const encoded = this.#options.encode(line);
      lines.push(encoded);
      bytes += encoded.length;
      this.#bytes -= size;
      if (bytes >= CHUNK_BYTES) break;
    }
    return { taken: this.#waiting.splice(0, lines.length), lines };
  }

  /** Has lines wait that were not taken; not where younger ones went meanwhile, for the oldest go first. */
  #giveBack(lines: readonly Waiting<T>[], lostMeanwhile: boolean): void {
    const { mostLines } = this.#options;
    this.#limit = mostLines;
    if (lostMeanwhile) this.#lost += lines.length;
    else {
      this.#waiting.unshift(...lines);
      for (const { size } of lines) this.#bytes += size;
    }
    this.#drop(mostLines);
  }

  #drop(mostLines: number): void {
    let count = 0;
    for (const { size } of this.#waiting) {
      if (this.#waiting.length - count <= mostLines && this.#bytes <= MOST_BYTES) break;
      this.#bytes -= size;
      count++;
    }
    this.#waiting.splice(0, count);
    this.#lost += count;
  }
}

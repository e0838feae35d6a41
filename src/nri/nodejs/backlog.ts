import { setTimeout as delay } from "node:timers/promises";

/** Target size of one write. */
const CHUNK_BYTES = 64 << 10;
/** Limit of the memory of waiting lines. Pod lines are short; this is for a node with very long ones. */
const MOST_BYTES = 64 << 20;

/** Lines wait unencoded: to encode all lines of a large event at once would delay the next event. */
export interface BacklogOptions<T> {
  /**
   * How many lines may wait, without those being written. The lines of a single event may be more, as long as
   * the destination accepts them.
   */
  readonly mostLines: number;
  /** Pause after each write in milliseconds; lines added meanwhile share the next write. */
  readonly restMs: number;
  /** Pause after a write that did not accept all lines, in milliseconds. */
  readonly retryMs: number;
  /** Approximate memory in bytes that a line uses while it waits. */
  sizeOf(line: T): number;
  encode(line: T): Buffer;
  /** Writes lines. Returns how many of them, counted from the first, need no retry. Never rejects. */
  write(lines: readonly Buffer[]): Promise<number>;
  /** A line in place of `count` dropped lines. */
  lostLine(count: number): Buffer;
}

interface Waiting<T> {
  readonly line: T;
  readonly size: number;
}

/** Queues lines for a destination that may be slow or refuse them. Adding never blocks. */
export class Backlog<T> {
  readonly #options: BacklogOptions<T>;
  readonly #waiting: Waiting<T>[] = [];
  #bytes = 0;
  /** How many lines may wait now. */
  #limit: number;
  /** Dropped lines that no lostLine has reported yet. They were before the first waiting line. */
  #lost = 0;
  #underWay = 0;
  #busy = false;
  #running = Promise.resolve();
  readonly #ending = new AbortController();

  constructor(options: BacklogOptions<T>) {
    this.#options = options;
    this.#limit = options.mostLines;
  }

  /** Adds the lines of one event, however many. If too many are waiting already, the oldest are dropped. */
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

  /** Makes a last attempt to write waiting lines, for at most `withinMs`. Returns how many lines are lost. */
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

  /** Takes the oldest lines, enough for one write. */
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

  /** Puts refused lines back, or drops them if newer ones were dropped meanwhile: the oldest go first. */
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

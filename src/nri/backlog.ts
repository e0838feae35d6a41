import { Queue } from "./queue.ts";

/** Target size of one write. */
const CHUNK_BYTES = 64 << 10;
/** Limit of the memory of waiting lines. Pod lines are short; this is for a node with very long ones. */
const MOST_BYTES = 64 << 20;

/** A line as bytes. */
interface Encoded {
  readonly length: number;
}

/** Lines wait unencoded: to encode all lines of a large event at once would delay the next event. */
export interface BacklogOptions<T, E extends Encoded> {
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
  encode(line: T): E;
  /** Writes lines. Returns how many of them, counted from the first, need no retry. Never rejects. */
  write(lines: readonly E[]): Promise<number>;
  /** A line in place of `count` dropped lines. */
  lostLine(count: number): E;
  /** Calls back after so many milliseconds, unless it is cancelled. Returns what cancels it. */
  after(ms: number, act: () => void): () => void;
}

interface Waiting<T> {
  readonly line: T;
  readonly size: number;
}

/** Queues lines for a destination that may be slow or refuse them. Adding never blocks. */
export class Backlog<T, E extends Encoded> {
  readonly #options: BacklogOptions<T, E>;
  readonly #waiting = new Queue<Waiting<T>>();
  #bytes = 0;
  /** How many lines may wait now. */
  #limit: number;
  /** Dropped lines that no lostLine has reported yet. They were before the first waiting line. */
  #lost = 0;
  #underWay = 0;
  #busy = false;
  #running = Promise.resolve();
  #ending = false;
  /** Ends the pause. */
  #wake: () => void = () => {};

  constructor(options: BacklogOptions<T, E>) {
    this.#options = options;
    this.#limit = options.mostLines;
  }

  /**
   * Adds lines of one event, which has `all` lines, however many. If too many are waiting already, the oldest are
   * dropped.
   */
  add(lines: readonly T[], all = lines.length): void {
    const { mostLines, sizeOf } = this.#options;
    if (lines.length === 0) return;
    if (all > mostLines) this.#limit = Math.max(this.#limit, all + mostLines);
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
    this.#ending = true;
    this.#wake();
    await new Promise<void>((resolve) => {
      const cancel = this.#options.after(withinMs, resolve);
      void this.#running.then(cancel).then(resolve);
    });
    return this.#lost + this.#waiting.length + this.#underWay;
  }

  async #run(): Promise<void> {
    const { write, lostLine, restMs, retryMs } = this.#options;
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
      const last = this.#ending;
      if (!all) this.#giveBack(taken.slice(Math.max(0, done)), lostMeanwhile);
      else if (last || this.#bytes >= CHUNK_BYTES) continue;
      if (last) break;
      await this.#pause(all ? restMs : retryMs);
    }
    this.#limit = this.#options.mostLines;
    this.#busy = false;
  }

  /** Ends early for the last attempt. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#ending) return resolve();
      const cancel = this.#options.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Takes the oldest lines, enough for one write. */
  #take(): { readonly taken: readonly Waiting<T>[]; readonly lines: readonly E[] } {
    const lines: E[] = [];
    let bytes = 0;
    while (lines.length < this.#waiting.length && bytes < CHUNK_BYTES) {
      const next = this.#waiting.at(lines.length);
      if (!next) break;
      const encoded = this.#options.encode(next.line);
      lines.push(encoded);
      bytes += encoded.length;
      this.#bytes -= next.size;
    }
    return { taken: this.#waiting.take(lines.length), lines };
  }

  /** Puts refused lines back, or drops them if newer ones were dropped meanwhile: the oldest go first. */
  #giveBack(lines: readonly Waiting<T>[], lostMeanwhile: boolean): void {
    const { mostLines } = this.#options;
    this.#limit = mostLines;
    if (lostMeanwhile) this.#lost += lines.length;
    else {
      this.#waiting.putBack(lines);
      for (const { size } of lines) this.#bytes += size;
    }
    this.#drop(mostLines);
  }

  #drop(mostLines: number): void {
    let count = 0;
    while (this.#waiting.length - count > mostLines || this.#bytes > MOST_BYTES) {
      const oldest = this.#waiting.at(count);
      if (!oldest) break;
      this.#bytes -= oldest.size;
      count++;
    }
    if (count > 0) this.#waiting.take(count);
    this.#lost += count;
  }
}

import { write } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import { Backlog } from "../backlog.ts";
import { type Fields, type Level, type Look, logrusLine, type Moment } from "../logrus.ts";
import { timer } from "./timer.ts";

const STDERR = 2;
const MOST_LINES = 10_000;
const REST_MS = 5;
const writeSome = promisify(write);

interface Sentence {
  readonly level: Level;
  readonly message: string;
  readonly fields: Fields;
  readonly moment: Moment;
}

/**
 * Messages for people in logrus' format, on standard error or in a file. Written in the background, so that a
 * stopped terminal, a pipe without a reader or a slow disk delays no pod.
 */
export class PluginLog {
  /** Whether messages of the level debug are written. */
  debug = false;
  #descriptor = STDERR;
  #look = lookOf(STDERR);
  readonly #backlog = new Backlog<Sentence, Buffer>({
    after: timer,
    mostLines: MOST_LINES,
    restMs: REST_MS,
    retryMs: REST_MS,
    sizeOf: ({ message }) => message.length,
    encode: (sentence) => this.#line(sentence),
    write: async (lines) => {
      await writeAll(this.#descriptor, Buffer.concat(lines));
      return lines.length;
    },
    lostLine: (count) =>
      this.#line({
        ...{ level: "warning", fields: {}, moment: momentNow() },
        message: `${count} lines were not written here: nobody read them`,
      }),
  });

  /** From now on, also for lines that wait: a descriptor that is open for writing. It has to stay open. */
  writeTo(descriptor: number): void {
    this.#descriptor = descriptor;
    this.#look = lookOf(descriptor);
  }

  say(level: Level, messages: string | readonly string[], fields: Fields = {}): void {
    if (level === "debug" && !this.debug) return;
    const moment = momentNow();
    this.#backlog.add([messages].flat().map((message) => ({ level, message, fields, moment })));
  }

  /** Writes the waiting lines for at most `withinMs`. Returns how many were not written. */
  end(withinMs: number): Promise<number> {
    return this.#backlog.end(withinMs);
  }

  #line({ level, message, fields, moment }: Sentence): Buffer {
    return Buffer.from(logrusLine(level, message, this.#look, moment, fields));
  }
}

function lookOf(descriptor: number): Look {
  if (!isatty(descriptor)) return "fields";
  return process.env.NO_COLOR ? "plain" : "colour";
}

function momentNow(): Moment {
  return { timeMs: Date.now(), sinceStartMs: performance.now() };
}

/** Gives up silently if the destination is closed or broken: there is nowhere to report it. */
async function writeAll(descriptor: number, bytes: Buffer): Promise<void> {
  for (let rest = bytes; rest.length > 0; ) {
    try {
      const { bytesWritten } = await writeSome(descriptor, rest);
      rest = rest.subarray(bytesWritten);
    } catch (error) {
      // EAGAIN: another process made it non-blocking
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) return;
      await delay(REST_MS);
    }
  }
}

import { write } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import { codeOf } from "../machine/machine-error.ts";
import { Backlog } from "./backlog.ts";
import { type Level, type Look, logrusLine, type Moment } from "./logrus.ts";

const STDERR = 2;
const MOST_LINES = 10_000;
const REST_MS = 5;
const writeSome = promisify(write);

interface Sentence {
  readonly level: Level;
  readonly message: string;
  readonly moment: Moment;
}

/**
 * Messages for people, on standard error. Written in the background, so that a stopped terminal or a pipe
 * without a reader delays no pod.
 */
export class StderrLog {
  readonly #look: Look = isatty(STDERR) ? (process.env.NO_COLOR ? "plain" : "colour") : "fields";
  readonly #backlog = new Backlog<Sentence>({
    mostLines: MOST_LINES,
    restMs: REST_MS,
    retryMs: REST_MS,
    sizeOf: ({ message }) => message.length,
    encode: (sentence) => this.#line(sentence),
    write: async (lines) => {
      await writeAll(Buffer.concat(lines));
      return lines.length;
    },
    lostLine: (count) =>
      this.#line({
        ...{ level: "warning", moment: momentNow() },
        message: `${count} lines were not written here: nobody read them`,
      }),
  });

  say(level: Level, messages: string | readonly string[]): void {
    const moment = momentNow();
    this.#backlog.add([messages].flat().map((message) => ({ level, message, moment })));
  }

  /** Writes the waiting lines for at most `withinMs`. Returns how many were not written. */
  end(withinMs: number): Promise<number> {
    return this.#backlog.end(withinMs);
  }

  #line({ level, message, moment }: Sentence): Buffer {
    return Buffer.from(logrusLine(level, message, this.#look, moment));
  }
}

function momentNow(): Moment {
  return { timeMs: Date.now(), sinceStartMs: performance.now() };
}

/** Gives up silently if standard error is closed or broken: there is nowhere to report it. */
async function writeAll(bytes: Buffer): Promise<void> {
  for (let rest = bytes; rest.length > 0; ) {
    try {
      const { bytesWritten } = await writeSome(STDERR, rest);
      rest = rest.subarray(bytesWritten);
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") return; // EAGAIN: another process made it non-blocking
      await delay(REST_MS);
    }
  }
}

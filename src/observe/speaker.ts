import { write } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import { codeOf } from "../node/error.ts";
import { Backlog } from "./backlog.ts";
import { type Level, type Look, logrusLine } from "./logrus.ts";

const STDERR = 2;
const MOST_LINES = 10_000;
const REST_MS = 20;
const writeSome = promisify(write);

/**
 * What is said to people, on standard error. Written beside the loop that answers the runtime: a terminal that was
 * stopped, or a pipe that nobody reads, holds up no pod.
 */
export class Speaker {
  readonly #look: Look = isatty(STDERR) ? (process.env.NO_COLOR ? "plain" : "colour") : "fields";
  readonly #backlog = new Backlog({
    mostLines: MOST_LINES,
    restMs: REST_MS,
    retryMs: REST_MS,
    write: async (lines) => {
      await writeAll(Buffer.concat(lines));
      return lines.length;
    },
    lostLine: (count) => this.#line("warning", `${count} lines were not written here: nobody took them`),
  });

  say(level: Level, messages: readonly string[]): void {
    this.#backlog.add(messages.map((message) => this.#line(level, message)));
  }

  /** Says what is left to say, for `withinMs` at most; how many lines were not. */
  end(withinMs: number): Promise<number> {
    return this.#backlog.end(withinMs);
  }

  #line(level: Level, message: string): Buffer {
    const moment = { timeMs: Date.now(), sinceStartMs: performance.now() };
    return Buffer.from(logrusLine(level, message, this.#look, moment));
  }
}

/** A place that is no more is told nothing, and that is all that can be done about it. */
async function writeAll(bytes: Buffer): Promise<void> {
  for (let rest = bytes; rest.length > 0; ) {
    try {
      const { bytesWritten } = await writeSome(STDERR, rest);
      rest = rest.subarray(bytesWritten);
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") return; // somebody else made it non-blocking
      await delay(REST_MS);
    }
  }
}

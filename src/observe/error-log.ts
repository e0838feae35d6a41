import { asByteString, type ByteString, decodeUtf8, encodeUtf8 } from "../log/byte-string.ts";
import { type ObserveHost, WRITER } from "../native/observe-host.ts";
import { Backlog } from "../nri/backlog.ts";
import { type Level, type Look, logrusLine } from "../nri/logrus.ts";
import type { Loop } from "./loop.ts";
import type { ReportPart, ToldPod } from "./reports.ts";
import { podSentence } from "./sentences.ts";
import { Writer } from "./writer.ts";

type ErrorHost = Pick<
  ObserveHost,
  "write" | "written" | "wallMs" | "clockMs" | "isTerminal" | "isPlain" | "env"
>;

const MOST_LINES = 10_000;
const REST_MS = 5;
/** Memory of a waiting line besides its text. */
const BARE_BYTES = 50;

/** Messages for people, on standard error. A stopped terminal or a pipe without a reader delays no pod. */
export class ErrorLog {
  readonly #host: ErrorHost;
  readonly #look: Look;
  readonly #backlog: Backlog<ByteString, ByteString>;
  /** The start of a plain line, which holds for a second. */
  #start = "";
  #startSecond = Number.NaN;

  constructor(host: ErrorHost, loop: Loop) {
    this.#host = host;
    this.#look = host.isTerminal() ? (host.env("NO_COLOR") ? "plain" : "colour") : "fields";
    const writer = new Writer(host, loop, WRITER.error);
    this.#backlog = new Backlog<ByteString, ByteString>({
      mostLines: MOST_LINES,
      restMs: REST_MS,
      retryMs: REST_MS,
      sizeOf: (line) => BARE_BYTES + line.length,
      encode: (line) => line,
      write: async (lines) => {
        await writer.write(null, lines);
        return lines.length; // there is nowhere to report that they cannot be written
      },
      lostLine: (count) => this.#line("warning", `${count} lines were not written here: nobody read them`),
      after: (ms, act) => loop.after(ms, act),
    });
  }

  say(level: Level, message: string): void {
    this.#backlog.add([this.#line(level, message)]);
  }

  /** The sentences of a part of an event, which has `all` pods. */
  tell({ sentence, pods }: ReportPart, all: number): void {
    const first = sentence === null ? [] : [this.#line("info", sentence)];
    this.#backlog.add([...first, ...pods.map((pod) => this.#told(pod))], all);
  }

  /** Writes the waiting lines for at most `withinMs`. Returns how many were not written. */
  end(withinMs: number): Promise<number> {
    return this.#backlog.end(withinMs);
  }

  #told({ saying, pod }: ToldPod): ByteString {
    const said = podSentence(saying, pod);
    if (this.#look === "fields" && this.#host.isPlain(said))
      return asByteString(`${this.#plainStart()}${said}"\n`);
    return this.#line("info", decodeUtf8(asByteString(said)));
  }

  #line(level: Level, message: string): ByteString {
    const moment = { timeMs: this.#host.wallMs(), sinceStartMs: this.#host.clockMs() };
    return encodeUtf8(logrusLine(level, message, this.#look, moment));
  }

  /** What logrus puts before a message in quotation marks. */
  #plainStart(): string {
    const timeMs = this.#host.wallMs();
    const second = Math.floor(timeMs / 1000);
    if (second !== this.#startSecond) {
      this.#startSecond = second;
      this.#start = logrusLine("info", " ", "fields", { timeMs, sinceStartMs: 0 }).slice(0, -' "\n'.length);
    }
    return this.#start;
  }
}

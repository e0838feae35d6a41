import { type ByteString, decodeUtf8, encodeUtf8 } from "../log/byte-string.ts";
import type { PodFacts } from "../log/pod-line.ts";
import { type ObserveHost, WRITER } from "../native/observe-host.ts";
import { Backlog } from "../nri/backlog.ts";
import { type Level, type Look, logrusLine, type Moment } from "../nri/logrus.ts";
import type { Loop } from "./loop.ts";
import type { ObserverReport, ReportedPod } from "./observer.ts";
import type { PodReader } from "./pod-record.ts";
import { podSentence } from "./sentences.ts";
import { Writer } from "./writer.ts";

type Sentence = { readonly level: Level; readonly moment: Moment } & (
  | { readonly message: string }
  | Pick<ReportedPod, "saying" | "record">
);

type ErrorHost = Pick<ObserveHost, "write" | "written" | "wallMs" | "clockMs" | "isTerminal" | "env">;

const MOST_LINES = 10_000;
const REST_MS = 5;
/** Memory of a waiting sentence besides its text or record. */
const BARE_BYTES = 150;

/** Messages for people, on standard error. A stopped terminal or a pipe without a reader delays no pod. */
export class ErrorLog {
  readonly #host: ErrorHost;
  readonly #look: Look;
  readonly #backlog: Backlog<Sentence, ByteString>;

  constructor(host: ErrorHost, loop: Loop, pods: PodReader) {
    this.#host = host;
    this.#look = host.isTerminal() ? (host.env("NO_COLOR") ? "plain" : "colour") : "fields";
    const writer = new Writer(host, loop, WRITER.error);
    const encode = (sentence: Sentence) => {
      const { level, moment } = sentence;
      const said =
        "message" in sentence
          ? sentence.message
          : podSentence(sentence.saying, texts(pods.factsOf(sentence.record)));
      return encodeUtf8(logrusLine(level, said, this.#look, moment));
    };
    this.#backlog = new Backlog<Sentence, ByteString>({
      mostLines: MOST_LINES,
      restMs: REST_MS,
      retryMs: REST_MS,
      sizeOf: (sentence) =>
        BARE_BYTES + ("message" in sentence ? sentence.message.length : sentence.record.length),
      encode,
      write: async (lines) => {
        await writer.write(null, lines);
        return lines.length; // there is nowhere to report that they cannot be written
      },
      lostLine: (count) => {
        const message = `${count} lines were not written here: nobody read them`;
        return encode({ level: "warning", message, moment: this.#now() });
      },
      after: (ms, act) => loop.after(ms, act),
    });
  }

  say(level: Level, message: string): void {
    this.#backlog.add([{ level, message, moment: this.#now() }]);
  }

  /** The sentences of an event. */
  tell({ sentence, pods }: ObserverReport): void {
    const moment = this.#now();
    const first: Sentence[] = sentence === null ? [] : [{ level: "info", message: sentence, moment }];
    this.#backlog.add([
      ...first,
      ...pods.map(({ saying, record }): Sentence => ({ level: "info", saying, record, moment })),
    ]);
  }

  /** Writes the waiting lines for at most `withinMs`. Returns how many were not written. */
  end(withinMs: number): Promise<number> {
    return this.#backlog.end(withinMs);
  }

  #now(): Moment {
    return { timeMs: this.#host.wallMs(), sinceStartMs: this.#host.clockMs() };
  }
}

/** The facts that sentences name, as text. */
function texts({ id, namespace, name, uid, netns, ips }: PodFacts<ByteString>): PodFacts {
  return {
    id: decodeUtf8(id),
    namespace: decodeUtf8(namespace),
    name: decodeUtf8(name),
    uid: decodeUtf8(uid),
    netns: netns === null ? null : decodeUtf8(netns),
    ips: ips.map(decodeUtf8),
    labels: {},
  };
}

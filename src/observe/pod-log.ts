import type { ByteString } from "../log/byte-string.ts";
import { decodeUtf8 } from "../log/byte-string.ts";
import { causeOfCode } from "../log/causes.ts";
import { UNFIT } from "../log/fitness.ts";
import { missingLinesNote } from "../log/notes.ts";
import type { LineTexts } from "../log/pod-line.ts";
import { FAULTS } from "../native/host.ts";
import { type ObserveHost, WRITER } from "../native/observe-host.ts";
import { Backlog } from "../nri/backlog.ts";
import type { Level } from "../nri/logrus.ts";
import { encodeNote, encodePodLine } from "./encode-lines.ts";
import type { Loop } from "./loop.ts";
import type { Settings } from "./observer-settings.ts";
import type { ReportPart, ToldPod } from "./reports.ts";
import { Writer } from "./writer.ts";

type LogHost = Pick<ObserveHost, "write" | "written" | "wallMs" | "errorName"> & LineTexts;

const MOST_LINES = 10_000;
/** Waking the writer costs more than the line, so a burst of events shares writes. */
const REST_MS = 2;
const RETRY_MS = 1000;
/** Memory of a waiting line besides its text. */
const BARE_BYTES = 150;

/** Writes the observer's lines to the log, which it shares with the taps. */
export class PodLog {
  #settings: Settings;
  #fault: string | null = null;
  #kept = false;
  readonly #host: LogHost;
  readonly #writer: Writer;
  readonly #say: (level: Level, message: string) => void;
  readonly #backlog: Backlog<ByteString, ByteString>;

  constructor(host: LogHost, loop: Loop, settings: Settings, say: (level: Level, message: string) => void) {
    this.#host = host;
    this.#writer = new Writer(host, loop, WRITER.log);
    this.#settings = settings;
    this.#say = say;
    this.#backlog = new Backlog<ByteString, ByteString>({
      mostLines: MOST_LINES,
      restMs: REST_MS,
      retryMs: RETRY_MS,
      sizeOf: (line) => BARE_BYTES + line.length,
      encode: (line) => line,
      write: (lines) => this.#write(lines),
      lostLine: (count) => encodeNote(missingLinesNote(count), host.wallMs(), this.#settings, host),
      after: (ms, act) => loop.after(ms, act),
    });
  }

  /** Applies to the lines that are added from now on; those that wait go to its file, too. */
  set settings(settings: Settings) {
    this.#settings = settings;
  }

  /** Adds a part of an event, which has `all` pods. */
  add({ pods, timeMs }: ReportPart, all: number): void {
    const line = ({ event, pod }: ToldPod) => encodePodLine(event, pod, timeMs, this.#settings, this.#host);
    this.#backlog.add(pods.map(line), all);
  }

  /** A line about the observer itself. */
  note(text: string): void {
    this.#backlog.add([encodeNote(text, this.#host.wallMs(), this.#settings, this.#host)]);
  }

  /** Writes the waiting lines for at most `withinMs`. Returns how many lines were not written. */
  end(withinMs: number): Promise<number> {
    return this.#backlog.end(withinMs);
  }

  /** Reports a fault once when it starts and once when it is over, not for every line. */
  async #write(lines: readonly ByteString[]): Promise<number> {
    const { target } = this.#settings;
    const { lines: written, faults } = await this.#writer.write(target, lines);
    const kept = written < lines.length;
    const fault = this.#describe(faults);
    if (fault !== this.#fault) {
      if (fault) {
        const more = kept ? `; up to ${MOST_LINES} lines are kept and retried` : "";
        this.#say("warning", `${fault}${more}`);
      } else if (this.#kept) this.#say("info", `Writing to ${decodeUtf8(target.logFile)} again`);
    }
    this.#fault = fault;
    this.#kept = kept;
    return written;
  }

  /** All faults of a write in one sentence; null if there are none. */
  #describe(faults: readonly number[]): string | null {
    const { target } = this.#settings;
    const texts: string[] = [];
    for (let at = 0; at < faults.length; at += 2) {
      const [, message, kind] = FAULTS[faults[at] ?? -1] ?? ["", "Cannot write to {log}: {}", "errno"];
      const detail = faults[at + 1] ?? 0;
      const seen = kind === "errno" ? this.#cause(detail) : (UNFIT[detail]?.[1] ?? "");
      texts.push(
        message
          .replace("{lock}", decodeUtf8(target.lockFile))
          .replace("{log}", decodeUtf8(target.logFile))
          .replace("{ms}", String(target.lockTimeoutMs))
          .replace("{}", seen)
          .replace(", dropped the line", ""), // a tap drops it, and the observer does not
      );
    }
    return texts.length > 0 ? texts.join("; ") : null;
  }

  #cause(errno: number): string {
    if (errno === 0) return "the process that writes it has died";
    const name = this.#host.errorName(errno);
    return name === "ELOOP" ? "it is a symbolic link" : causeOfCode(name); // from O_NOFOLLOW
  }
}

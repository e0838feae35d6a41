import { missingLinesNote } from "../log/notes.ts";
import { AppendThread } from "../machine/append-thread.ts";
import type { Level } from "../nri/logrus.ts";
import { Backlog } from "../nri/nodejs/backlog.ts";
import { encodeNote, encodePodLine } from "./encode-lines.ts";
import type { ObserverReport, PodEventRecord } from "./observer.ts";
import type { Settings } from "./observer-settings.ts";
import { sizeOfPod } from "./pod-facts.ts";

/** A pod event, or a note about the observer itself. */
type Line = { readonly timeMs: number } & (PodEventRecord | { readonly note: string });

const MOST_LINES = 10_000;
/** Waking the thread costs more than the line, so a burst of events shares writes. */
const REST_MS = 2;
const RETRY_MS = 1000;

/** Writes the observer's lines to the log, which it shares with the taps. */
export class PodLog {
  #settings: Settings;
  #fault: string | null = null;
  readonly #thread = new AppendThread();
  readonly #say: (level: Level, message: string) => void;
  readonly #backlog = new Backlog<Line>({
    mostLines: MOST_LINES,
    restMs: REST_MS,
    retryMs: RETRY_MS,
    sizeOf: (line) => ("note" in line ? line.note.length : sizeOfPod(line.pod)),
    encode: (line) =>
      "note" in line
        ? encodeNote(line.note, line.timeMs, this.#settings)
        : encodePodLine(line.event, line.pod, line.timeMs, this.#settings),
    write: (lines) => this.#write(lines),
    lostLine: (count) => encodeNote(missingLinesNote(count), Date.now(), this.#settings),
  });

  constructor(settings: Settings, say: (level: Level, message: string) => void) {
    this.#settings = settings;
    this.#say = say;
  }

  /** Applies to the lines written from now on, including those waiting. */
  set settings(settings: Settings) {
    this.#settings = settings;
  }

  add({ events, timeMs }: Pick<ObserverReport, "events" | "timeMs">): void {
    this.#backlog.add(events.map(({ event, pod }) => ({ event, pod, timeMs })));
  }

  /** A line about the observer itself. */
  note(text: string): void {
    this.#backlog.add([{ note: text, timeMs: Date.now() }]);
  }

  /** Writes the waiting lines for at most `withinMs`. Returns how many lines were not written. */
  end(withinMs: number): Promise<number> {
    return this.#backlog.end(withinMs);
  }

  /** Reports a fault once when it starts and once when it is over, not for every line. */
  async #write(lines: readonly Buffer[]): Promise<number> {
    const { logFile, logMaxBytes } = this.#settings;
    const { lines: written, fault } = await this.#thread.append(logFile, lines, logMaxBytes);
    if (fault !== this.#fault)
      if (fault) this.#say("warning", `${fault}; up to ${MOST_LINES} lines are kept and retried`);
      else this.#say("info", `Writing to ${logFile} again`);
    this.#fault = fault;
    return written;
  }
}

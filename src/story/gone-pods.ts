import type { CallLine, PodEventLine, WrapLine } from "../log/log-line.ts";
import type { LineNumber } from "./story.ts";

/** So many lines after its removal a story is over: the observer's lines may come late. */
const LATE_LINES = 1000;
/** So many closed ones are remembered: kubelet may ask for a removal again. */
const REMEMBERED = 100_000;

const NONE: readonly string[] = [];

type PodLine = CallLine | WrapLine | PodEventLine;

/** Which pods were removed, and which stories can be closed therefore. */
export class GonePods {
  /** The line that told it, by container ID; the earliest first. */
  readonly #gone = new Map<string, LineNumber>();
  readonly #closed = new Set<string>();
  /** At this line the next one is over. */
  #nextLine = Number.POSITIVE_INFINITY;

  /** Whether a line is about a pod whose story is over. An ADD begins it anew. */
  wasClosed(read: PodLine): boolean {
    if (this.#closed.size === 0 || read.containerId === null || !this.#closed.has(read.containerId))
      return false;
    if (read.kind === "pod" || read.command !== "ADD") return true;
    this.#closed.delete(read.containerId);
    return false;
  }

  /** Remembers that a story was closed. */
  close(containerId: string): void {
    this.#closed.add(containerId);
    if (this.#closed.size > REMEMBERED)
      for (const oldest of this.#closed) {
        this.#closed.delete(oldest);
        break;
      }
  }

  reopen(containerId: string): void {
    this.#closed.delete(containerId);
  }

  note(line: LineNumber, read: PodLine): void {
    if (read.containerId === null || !tellsRemoval(read)) return;
    this.#gone.delete(read.containerId);
    this.#gone.set(read.containerId, line);
    this.#nextLine = Math.min(this.#nextLine, line + LATE_LINES);
  }

  /** Pods whose stories are over at this line. */
  over(line: LineNumber): readonly string[] {
    if (line < this.#nextLine) return NONE;
    const over: string[] = [];
    for (const [id, since] of this.#gone) {
      this.#nextLine = since + LATE_LINES;
      if (line < this.#nextLine) return over;
      over.push(id);
      this.#gone.delete(id);
    }
    this.#nextLine = Number.POSITIVE_INFINITY;
    return over;
  }
}

/** Runtimes ask for a DEL without a namespace when a pod that was stopped is removed. */
function tellsRemoval(read: PodLine): boolean {
  if (read.kind === "pod") return read.event === "RemovePodSandbox" || read.event === "Vanished";
  return read.command === "DEL" && read.netns === "";
}

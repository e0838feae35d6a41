import type { LogLine } from "../log/log-line.ts";
import { timeOf } from "./time.ts";

/** A call whose end has not come. */
export interface UnderWay {
  readonly containerId: string;
  readonly ifname: string | null;
  readonly command: string;
  /** The plugin; null: the whole chain, between its taps. */
  readonly plugin: string | null;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

/** A call without an end is forgotten after that: it was killed, or its end was not logged. */
const FORGET_MS = 10 * 60_000;
const MOST = 10_000;

/** Follows which calls are under way, line by line. The classic format has no times and is left out. */
export class CallsUnderWay {
  readonly #calls = new Map<string, UnderWay>();

  /** Adds a line. Returns the ADD that failed, if this line shows it: a DEL begins before the ADD had an end. */
  add(read: LogLine): UnderWay | null {
    if (read.kind === "pod") {
      if (read.event === "RemovePodSandbox") this.#endAll(read.containerId);
      return null;
    }
    const sinceMs = timeOf(read.time);
    if (read.kind === "note" || sinceMs === null || read.containerId === null) return null;
    const { containerId, ifname, command, network, pid } = read;
    const about = { containerId, ifname, command, sinceMs };
    if (read.kind === "wrap") {
      const key = [containerId, command, read.plugin, pid].join(" ");
      if (read.end) this.#calls.delete(key);
      else this.#begin(key, { ...about, plugin: read.plugin });
      return null;
    }
    const chain = (of: string) => [containerId, of, ifname, network].join(" ");
    if (read.content.kind === "note" || (command !== "ADD" && command !== "DEL")) return null;
    if ((read.tap === "pre") === (command === "ADD")) this.#begin(chain(command), { ...about, plugin: null });
    else this.#calls.delete(chain(command));
    if (command !== "DEL") return null;
    const failed = this.#calls.get(chain("ADD")) ?? null;
    this.#calls.delete(chain("ADD"));
    return failed;
  }

  /** Those of now, the oldest first. */
  at(nowMs: number): UnderWay[] {
    for (const [key, { sinceMs }] of this.#calls) if (nowMs - sinceMs > FORGET_MS) this.#calls.delete(key);
    return [...this.#calls.values()];
  }

  #begin(key: string, call: UnderWay): void {
    this.#calls.delete(key);
    this.#calls.set(key, call);
    const oldest = this.#calls.size > MOST ? this.#calls.keys().next().value : undefined;
    if (oldest !== undefined) this.#calls.delete(oldest);
  }

  #endAll(containerId: string): void {
    for (const [key, call] of this.#calls) if (call.containerId === containerId) this.#calls.delete(key);
  }
}

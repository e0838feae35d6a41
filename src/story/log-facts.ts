import type { CallLine, LogLine, WrapLine } from "../log/log-line.ts";
import { Roster } from "./roster.ts";
import type { NetworkTaps } from "./runs.ts";
import { networkOf } from "./stories.ts";
import type { LineNumber } from "./story.ts";
import { timeOf } from "./time.ts";
import { Times } from "./times.ts";

/** What a log consists of: a finding whose source is not there cannot be made. */
export interface Sources {
  classic: boolean;
  json: boolean;
  pre: boolean;
  post: boolean;
  wrap: boolean;
  observer: boolean;
}

/** What is known of a network from all of its lines. */
interface NetworkFacts {
  pre: boolean;
  post: boolean;
  /** The last line of `cni_pre`. */
  lastPre: LineNumber;
  /** The last GC. */
  lastGc: LineNumber;
  /** The last line of each wrapped plugin. */
  readonly lastPlugin: Map<string, LineNumber>;
  /** The times of all lines of taps and wrappers. */
  readonly times: Times;
}

const nothing = (): NetworkFacts => ({
  pre: false,
  post: false,
  lastPre: 0,
  lastGc: 0,
  lastPlugin: new Map(),
  times: new Times(),
});

export interface LogFactsOptions {
  /** How long something that must come may take. */
  readonly stuckMs: number;
  /** Milliseconds since 1970, if the log is one that is still written; else its last line is its end. */
  readonly nowMs?: number;
}

/** What is known of the log as a whole. */
export class LogFacts {
  readonly sources: Sources = {
    ...{ classic: false, json: false, pre: false, post: false, wrap: false, observer: false },
  };
  /** Each build, and its first line. */
  readonly builds = new Map<string, LineNumber>();
  readonly torn: LineNumber[] = [];
  readonly roster = new Roster();
  /** The time of the first line of a tap or wrapper. */
  firstTapMs: number | null = null;
  readonly #options: LogFactsOptions;
  readonly #networks = new Map<string, NetworkFacts>();
  #lastMs: number | null = null;

  constructor(options: LogFactsOptions) {
    this.#options = options;
  }

  /** Adds a line of ours. */
  add(line: LineNumber, read: LogLine): void {
    this.sources[read.format] = true;
    const timeMs = timeOf(read.time);
    if (timeMs !== null) this.#lastMs = Math.max(this.#lastMs ?? timeMs, timeMs);
    if (read.kind === "pod") this.sources.observer = true;
    if (read.kind !== "call" && read.kind !== "wrap") return;
    if (read.build !== null && !this.builds.has(read.build)) this.builds.set(read.build, line);
    if (timeMs !== null) this.firstTapMs = Math.min(this.firstTapMs ?? timeMs, timeMs);
    const network = this.#factsOf(networkIn(read));
    if (timeMs !== null) network.times.add(timeMs);
    if (read.command === "GC") network.lastGc = line;
    if (read.kind === "wrap") network.lastPlugin.set(read.plugin, line);
    if (read.kind === "wrap" || read.tap === "wrap") this.sources.wrap = true;
    else if (isPre(read)) {
      this.sources.pre = true;
      network.pre = true;
      network.lastPre = line;
    } else {
      this.sources.post = true;
      network.post = true;
    }
  }

  #factsOf(network: string | null): NetworkFacts {
    const key = network ?? "";
    const known = this.#networks.get(key) ?? nothing();
    this.#networks.set(key, known);
    return known;
  }

  /** The taps of a network. The classic format names it only in requests, and has no DEL of `cni_pre`. */
  tapsOf(network: string | null): NetworkTaps {
    const known = this.#factsOf(network);
    const unnamed = this.#factsOf(null);
    return { pre: known.pre && this.sources.json, post: known.post || unnamed.post };
  }

  /** Whether `cni_pre` of a network logged anything after a line. */
  sawPreAfter(network: string | null, line: LineNumber): boolean {
    return this.#factsOf(network).lastPre > line;
  }

  /** Whether a wrapped plugin of a network was seen after a line. */
  sawPluginAfter(network: string | null, plugin: string, line: LineNumber): boolean {
    return (this.#factsOf(network).lastPlugin.get(plugin) ?? 0) > line;
  }

  /** Whether there was a GC after a line. */
  sawGcAfter(network: string | null, line: LineNumber): boolean {
    return this.#factsOf(network).lastGc > line;
  }

  /** The times of a network's lines around a time: the last one before it and the first one after it. */
  around(network: string | null, timeMs: number): { readonly from: number; readonly to: number } {
    const { times } = this.#factsOf(network);
    const before = times.upTo(timeMs);
    return { from: times.at(before - 1) ?? -Infinity, to: times.at(before) ?? Infinity };
  }

  /** How long before the log's end a time is; null if the log tells no times. */
  agoMs(timeMs: number | null): number | null {
    const end = Math.max(this.#lastMs ?? -Infinity, this.#options.nowMs ?? -Infinity);
    return timeMs === null || end === -Infinity ? null : end - timeMs;
  }

  /** Whether what should have come after a time is not to be expected any more. */
  isStuck(timeMs: number | null): boolean {
    const ago = this.agoMs(timeMs);
    return ago !== null && ago > this.#options.stuckMs;
  }
}

function isPre(read: CallLine): boolean {
  return read.tap === "pre" || (read.tap === null && read.command === "ADD" && read.content.kind === "input");
}

function networkIn(read: CallLine | WrapLine): string | null {
  return read.format === "json" || read.content.kind !== "input"
    ? read.network
    : networkOf(read.content.json);
}

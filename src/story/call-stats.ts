import { Durations } from "./durations.ts";
import type { Call, PodStory } from "./story.ts";
import { readRun, runsOf } from "./summary.ts";

export type StatsBy = "network" | "namespace" | "plugin";
/** The commands that every pod has. */
export const STATS_COMMANDS = ["ADD", "DEL"] as const;
export type StatsCommand = (typeof STATS_COMMANDS)[number];

/** Of more than that, the rest counts as one. */
const GROUPS_MOST = 200;
/** Times of the log are whole microseconds. */
const HALF_MICROSECOND_MS = 0.0005;
const OTHERS = "(others)";
/** In milliseconds. */
export const BOUNDS_MS: readonly number[] = [
  ...[1, 2.5, 5, 10, 25, 50, 100, 250, 500],
  ...[1000, 2500, 5000, 10_000, 30_000, 60_000],
];

/** The calls of one group and command. */
export interface CallCount {
  /** Byte string: the name of the network, namespace or plugin. */
  readonly group: string;
  readonly command: StatsCommand;
  calls: number;
  failed: number;
  /** Neither their end nor their failure is in the log. */
  unfinished: number;
  readonly durations: Durations;
}

export interface CallStatsOptions {
  readonly by: StatsBy;
  /** Only calls whose end is later than that, in milliseconds since 1970; none without a time. */
  readonly afterMs?: number;
}

/** Counts the calls of pods, chain by chain or plugin by plugin. */
export class CallStats {
  readonly #by: StatsBy;
  readonly #afterMs: number | null;
  readonly #counts = new Map<string, CallCount>();
  readonly #groups = new Set<string>();
  /** The latest end of a call that was counted; null: none had a time. */
  untilMs: number | null = null;

  constructor({ by, afterMs }: CallStatsOptions) {
    this.#by = by;
    this.#afterMs = afterMs ?? null;
  }

  add(story: PodStory): void {
    for (const { network, calls } of story.attachments) {
      if (this.#by === "plugin") this.#addPlugins(calls);
      else this.#addChains(this.#by === "network" ? network : story.namespace, calls);
    }
  }

  /** All counts, by group. */
  counts(): CallCount[] {
    const order = (one: CallCount, other: CallCount) =>
      one.group === other.group ? (one.command < other.command ? -1 : 1) : one.group < other.group ? -1 : 1;
    return [...this.#counts.values()].sort(order);
  }

  #addPlugins(calls: readonly Call[]): void {
    for (const call of calls) {
      const command = commandOf(call.command);
      if (call.kind !== "plugin" || command === null) continue;
      const { end } = call;
      const failed = end !== null && end.exit !== 0;
      const ms = end === null ? null : end.ms;
      this.#count(call.plugin, command, { failed, ms, endedMs: end === null ? call.timeMs : end.timeMs });
    }
  }

  #addChains(group: string | null, calls: readonly Call[]): void {
    for (const command of STATS_COMMANDS) {
      const runs = runsOf(calls, command);
      for (const [at, run] of runs.entries()) {
        const { begunMs, endedMs, complete, failed } = readRun(run, command);
        const next = command === "ADD" ? firstAfter(calls, run, "DEL") : runs[at + 1]?.[0];
        // In the classic format a DEL is one line: nobody knows whether it ended.
        const untold = command === "DEL" && run[0]?.timeMs === null;
        this.#count(group ?? "", command, {
          failed: failed || (!complete && !untold && next !== undefined),
          ms: complete && begunMs !== null && endedMs !== null ? endedMs - begunMs : null,
          endedMs: complete ? endedMs : (next?.timeMs ?? run.at(-1)?.timeMs ?? null),
          untold: untold || complete,
        });
      }
    }
  }

  #count(
    group: string,
    command: StatsCommand,
    call: { failed: boolean; ms: number | null; endedMs: number | null; untold?: boolean },
  ): void {
    const { failed, ms, endedMs, untold = false } = call;
    const afterMs = this.#afterMs;
    if (afterMs !== null && (endedMs === null || endedMs < afterMs + HALF_MICROSECOND_MS)) return;
    const count = this.#countOf(group, command);
    count.calls++;
    if (failed) count.failed++;
    else if (ms !== null) count.durations.add(ms);
    else if (!untold) {
      count.unfinished++;
      return;
    }
    if (endedMs !== null) this.untilMs = Math.max(endedMs, this.untilMs ?? endedMs);
  }

  #countOf(group: string, command: StatsCommand): CallCount {
    if (!this.#groups.has(group) && this.#groups.size < GROUPS_MOST) this.#groups.add(group);
    const own = this.#groups.has(group) ? group : OTHERS;
    const key = `${command} ${own}`;
    const known = this.#counts.get(key);
    if (known) return known;
    const durations = new Durations(BOUNDS_MS);
    const count = { group: own, command, calls: 0, failed: 0, unfinished: 0, durations };
    this.#counts.set(key, count);
    return count;
  }
}

function commandOf(command: string): StatsCommand | null {
  return STATS_COMMANDS.find((one) => one === command) ?? null;
}

/** The first call of a command behind a run. */
function firstAfter(calls: readonly Call[], run: readonly Call[], command: string): Call | undefined {
  const last = run.at(-1)?.line ?? 0;
  return calls.find((call) => call.command === command && call.line > last);
}

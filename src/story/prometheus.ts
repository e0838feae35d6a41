import { BOUNDS_MS, type CallCount, type StatsBy } from "./call-stats.ts";

const PREFIX = "cnitap_cni";
const UNTIL = `${PREFIX}_last_call_timestamp_seconds`;

/** Counters by their names and labels. */
export type Series = ReadonlyMap<string, number>;

/** What a file of ours has: its counters, and up to when calls are in them. */
export interface Exposed {
  readonly series: Series;
  readonly untilMs: number | null;
}

/**
 * The text format of Prometheus, for node_exporter's textfile collector. Counters go on from those before, because a
 * log that is rotated loses its older half.
 */
export function prometheusText(
  by: StatsBy,
  counts: readonly CallCount[],
  untilMs: number | null,
  before: Series,
): string {
  const series = new Map(before);
  for (const count of counts) addCount(series, by, count);
  const metric = (name: string, type: string, help: string) => {
    const own = [...series].filter(([key]) => key.startsWith(`${name}{`) || isPart(key, name, type));
    const lines = own.map(([key, value]) => `${key} ${value}\n`).join("");
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines}`;
  };
  const until =
    untilMs === null
      ? ""
      : `# HELP ${UNTIL} When the last call ended that is counted here.\n# TYPE ${UNTIL} gauge\n${UNTIL} ${untilMs / 1000}\n`;
  return (
    metric(`${PREFIX}_calls_total`, "counter", "CNI calls that have ended, the failed ones included.") +
    metric(`${PREFIX}_call_failures_total`, "counter", "CNI calls that failed.") +
    metric(`${PREFIX}_call_duration_seconds`, "histogram", "How long CNI calls took that did not fail.") +
    until
  );
}

function isPart(key: string, name: string, type: string): boolean {
  return type === "histogram" && ["_bucket{", "_sum{", "_count{"].some((part) => key.startsWith(name + part));
}

function addCount(series: Map<string, number>, by: StatsBy, count: CallCount): void {
  const { group, command, calls, failed, unfinished, durations } = count;
  const labels = `${by}="${escapeLabel(group)}",command="${command}"`;
  const add = (name: string, value: number, more = "") => {
    const key = `${PREFIX}_${name}{${labels}${more}}`;
    series.set(key, (series.get(key) ?? 0) + value);
  };
  add("calls_total", calls - unfinished); // those are counted when they have ended
  add("call_failures_total", failed);
  let below = 0;
  for (const [at, inside] of durations.counts().entries()) {
    below += inside;
    const most = BOUNDS_MS[at];
    add("call_duration_seconds_bucket", below, `,le="${most === undefined ? "+Inf" : most / 1000}"`);
  }
  add("call_duration_seconds_sum", durations.sumMs / 1000);
  add("call_duration_seconds_count", durations.count);
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** Reads back what `prometheusText` has made; of another text, nothing. */
export function readPrometheus(text: string, by: StatsBy): Exposed {
  const series = new Map<string, number>();
  let untilMs: number | null = null;
  for (const line of text.split("\n")) {
    const [, key, value] = /^([a-z_]+(?:\{.*\})?) ([\d.e+-]+)$/.exec(line) ?? [];
    if (key === undefined || value === undefined || Number.isNaN(Number(value))) continue;
    if (key === UNTIL) untilMs = Number(value) * 1000;
    else if (key.startsWith(`${PREFIX}_`) && key.includes(`{${by}="`)) series.set(key, Number(value));
  }
  return untilMs === null || series.size === 0 ? { series: new Map(), untilMs: null } : { series, untilMs };
}

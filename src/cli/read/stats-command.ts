import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { asByteString, decodeUtf8 } from "../../log/byte-string.ts";
import { writeAtomically } from "../../machine/atomic-file.ts";
import { cannot, codeOf } from "../../machine/machine-error.ts";
import { type CallCount, CallStats, type StatsBy } from "../../story/call-stats.ts";
import { type Exposed, prometheusText, readPrometheus } from "../../story/prometheus.ts";
import { type Io, paint } from "../io.ts";
import { addReadOptions, logsOf, type ReadOptions, readStories } from "./read-options.ts";
import { tableLines } from "./table.ts";
import { shown } from "./tail-screen.ts";

interface StatsOptions extends ReadOptions {
  readonly by: StatsBy;
  readonly prometheus?: string;
}

const BARS = "▁▂▃▄▅▆▇█";
/** node_exporter runs as a user of its own. */
const PROMETHEUS_MODE = 0o644;
const NOTHING: Exposed = { series: new Map(), untilMs: null };

export function statsCommand(io: Io): Command {
  const command = new Command("stats")
    .description("Count the calls of the log, the failed ones, and how long they took.")
    .addOption(
      new Option("--by <what>", "what is counted together")
        .choices(["network", "namespace", "plugin"])
        .default("network"),
    )
    .option("--prometheus <file>", "write them as counters for node_exporter's textfile collector")
    .addHelpText(
      "after",
      `
Of a network and a namespace, a call is one run of the chain; the plugins' own calls are in the log only if they are wrapped.
Exit: 0, also if there are no calls; 1 the log cannot be read or the file not written, 2 invalid usage.

Example:
  $ cnitap stats --by plugin
`,
    );
  return addReadOptions(command).action(async (options: StatsOptions) => {
    const { by, prometheus } = options;
    const before = prometheus === undefined ? NOTHING : readBefore(prometheus, by);
    const stats = new CallStats(
      prometheus === undefined ? { by } : { by, afterMs: before.untilMs ?? Number.NEGATIVE_INFINITY },
    );
    const { closedEarly } = await readStories(
      logsOf(options),
      { close: (story) => stats.add(story), closeGone: true, dropOutputs: true },
      io,
    );
    if (closedEarly > 0) io.err(`cnitap: ${closedEarly} old pods were counted early: there are too many\n`);
    const counts = stats.counts();
    if (prometheus !== undefined) {
      const untilMs = stats.untilMs ?? before.untilMs;
      const text = decodeUtf8(asByteString(prometheusText(by, counts, untilMs, before.series)));
      writeAtomically(prometheus, Buffer.from(text), { mode: PROMETHEUS_MODE });
    } else if (options.json) {
      for (const count of counts) io.out(`${JSON.stringify(jsonOf(by, count))}\n`);
    } else showTable(by, counts, io);
  });
}

/** The counters that a file has; none if there is no file. */
function readBefore(path: string, by: StatsBy): Exposed {
  try {
    return readPrometheus(readFileSync(path, "latin1"), by);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return NOTHING;
    throw cannot(`read ${path}`, error);
  }
}

function jsonOf(by: StatsBy, { group, command, calls, failed, unfinished, durations }: CallCount) {
  const quantile = (share: number) => {
    const ms = durations.quantile(share);
    return ms === null ? null : Number(ms.toPrecision(3));
  };
  return {
    ...{ [by]: decodeUtf8(asByteString(group)), command, calls, failed, unfinished },
    ...{ p50Ms: quantile(0.5), p90Ms: quantile(0.9), p99Ms: quantile(0.99) },
  };
}

function showTable(by: StatsBy, counts: readonly CallCount[], io: Io): void {
  if (counts.length === 0) {
    if (by === "plugin")
      io.err("cnitap: No plugin in this log is wrapped; cnitap install --mode wrap wraps them\n");
    return;
  }
  const columns = [
    { head: by.toUpperCase(), cut: true },
    { head: "CALL" },
    { head: "CALLS", right: true },
    { head: "FAILED", right: true },
    { head: "NO END", right: true },
    { head: "P50 ms", right: true },
    { head: "P90 ms", right: true },
    { head: "P99 ms", right: true },
    ...(io.columns === null ? [] : [{ head: "1 ms … 1 min" }]),
  ] as const;
  const cells = counts.map(({ group, command, calls, failed, unfinished, durations }) => [
    ...[group === "" ? "?" : shown(group), command, `${calls}`],
    ...[failed === 0 ? "" : `${failed}`, unfinished === 0 ? "" : `${unfinished}`],
    ...[0.5, 0.9, 0.99].map((share) => msOf(durations.quantile(share))),
    ...(io.columns === null ? [] : [barsOf(durations.counts())]),
  ]);
  const [head = "", ...lines] = tableLines(columns, cells, io.columns);
  io.out(`${[paint(io, "bold", head), ...lines].join("\n")}\n`);
}

function msOf(ms: number | null): string {
  return ms === null ? "" : ms.toFixed(ms < 10 ? 1 : 0);
}

function barsOf(counts: readonly number[]): string {
  const most = Math.max(1, ...counts);
  return counts
    .map((count) => (count === 0 ? " " : BARS.charAt(Math.round((count / most) * (BARS.length - 1)))))
    .join("");
}

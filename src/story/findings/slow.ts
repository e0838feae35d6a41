import { type Attached, isAdded, type Pod, type Who } from "../pod.ts";
import { linesOf, type Run } from "../runs.ts";
import type { LineNumber } from "../story.ts";
import { Times } from "../times.ts";
import { UnderWay } from "../under-way.ts";
import { about, aboutLog, type Check, inNetwork, type MakeCheck, podName, shownMs } from "./finding.ts";

/** One in so many is judged by the others only where there are so many. */
const LEAST_CALLS = 100;
/** So many tell a median. */
const LEAST_FOR_MEDIAN = 5;
const ABOVE_MEDIAN_MS = 500;
const SLOW_MEDIAN_MS = 1000;

interface Timed {
  readonly who: Who;
  readonly ms: number;
  readonly begunMs: number;
  readonly lines: readonly LineNumber[];
  /** The plugin that took most of it. */
  readonly most: { readonly plugin: string; readonly ms: number } | null;
}

/** All calls of a network and a command. */
interface Calls {
  readonly network: string | null;
  readonly command: string;
  readonly times: Times;
  readonly slow: Timed[];
  readonly underWay: UnderWay;
  /** Of the pod that was over first. */
  first: { readonly line: LineNumber; readonly lastLine: LineNumber };
  /** How much of the time was whose. */
  readonly shares: Map<string, number>;
}

/** Calls that took much longer than others, and networks that are slow altogether (plugins#510, plugins#680). */
export function slow(slowMs: number | null): MakeCheck {
  return (_log, report): Check => {
    const all = new Map<string, Calls>();
    return {
      pod: (pod: Pod) => {
        for (const one of pod.attached)
          for (const run of timedRuns(one))
            note(all, one, run, pod, Math.min(slowMs ?? ABOVE_MEDIAN_MS, ABOVE_MEDIAN_MS));
      },
      end: () => {
        for (const calls of all.values()) {
          const median = quantile(calls.times, 0.5);
          const most = limitOf(calls.times, median, slowMs);
          for (const timed of calls.slow) if (timed.ms > most) report(findingOf(timed, calls, median));
          if (calls.times.count >= LEAST_FOR_MEDIAN && median > SLOW_MEDIAN_MS)
            report(wholeFinding(calls, median));
        }
      },
    };
  };
}

function limitOf(times: Times, median: number, slowMs: number | null): number {
  const own = slowMs ?? Number.POSITIVE_INFINITY;
  if (times.count < LEAST_CALLS) return own;
  return Math.min(own, Math.max(quantile(times, 0.99), 2 * median, median + ABOVE_MEDIAN_MS));
}

function quantile(times: Times, share: number): number {
  return times.at(Math.max(0, Math.ceil(share * times.count) - 1)) ?? 0;
}

/** The ADD, and the first DEL: the second one has nothing left to do. */
function timedRuns(attached: Attached): Run[] {
  const [first] = attached.dels;
  return [
    ...(isAdded(attached) && attached.add ? [attached.add] : []),
    ...(first?.state === "whole" ? [first] : []),
  ];
}

function note(all: Map<string, Calls>, { network }: Attached, run: Run, pod: Pod, leastMs: number): void {
  const { begunMs, endedMs, command } = run;
  // A chain of cni_post alone tells no beginning.
  const hasBegun = command === "DEL" ? run.post !== null : run.pre !== null;
  if (begunMs === null || endedMs === null || (!hasBegun && run.plugins.length === 0)) return;
  const key = `${command} ${network}`;
  const calls = all.get(key) ?? {
    ...{ network, command, times: new Times(), slow: [], underWay: new UnderWay() },
    ...{
      first: { line: run.calls[0]?.line ?? 0, lastLine: pod.lastLine },
      shares: new Map<string, number>(),
    },
  };
  all.set(key, calls);
  if (pod.lastLine < calls.first.lastLine)
    calls.first = { line: run.calls[0]?.line ?? 0, lastLine: pod.lastLine };
  const ms = endedMs - begunMs;
  calls.times.add(ms);
  calls.underWay.add(begunMs, endedMs);
  for (const { plugin, end } of run.plugins)
    calls.shares.set(plugin, (calls.shares.get(plugin) ?? 0) + (end?.ms ?? 0));
  if (ms <= leastMs) return;
  const lines = linesOf(run);
  const most = longest(run);
  calls.slow.push({ who: pod.who, ms, begunMs, most, lines });
}

/** The plugin that took most of a run: a delegate, if that is where its caller's time went. */
function longest({ plugins, delegates, command }: Run): Timed["most"] {
  const took = (call: { readonly end: { readonly ms: number } | null }) => call.end?.ms ?? 0;
  const [outer] = [...plugins].sort((one, other) => took(other) - took(one));
  if (outer === undefined) return null;
  const inner = [...delegates]
    .filter(([call, caller]) => caller === outer && call.command === command)
    .map(([call]) => call)
    .sort((one, other) => took(other) - took(one))[0];
  const call = inner && took(inner) * 2 > took(outer) ? inner : outer;
  return { plugin: call.plugin, ms: took(call) };
}

function findingOf(
  { who, ms, begunMs, most, lines }: Timed,
  { network, command, underWay }: Calls,
  median: number,
) {
  const others = underWay.at(begunMs) - 1;
  const whose = most ? `; ${most.plugin} took ${shownMs(most.ms)} of it` : "";
  const beside = others > 0 ? `, with ${others} more under way` : "";
  return about(who, network, {
    ...{ code: "slow", severity: "warning", timeMs: begunMs, plugin: most?.plugin ?? null, lines },
    brief: `the ${command} took much longer than others`,
    sentence: `The ${command} of ${podName(who)}${inNetwork(network)} took ${shownMs(ms)}, where half of them take at most ${shownMs(median)}${beside}${whose}`,
    advice: adviceFor(most?.plugin ?? null, others),
  });
}

function adviceFor(plugin: string | null, others: number): string {
  if (plugin === null) return "cnitap install --mode wrap logs how long each plugin takes.";
  return others > 0
    ? `Look for what ${plugin} waits for: with several calls under way, often a lock.`
    : `Look for what ${plugin} waits for, such as its daemon or the API server.`;
}

function wholeFinding({ network, command, shares, times, first }: Calls, median: number) {
  const [most] = [...shares].sort(([, one], [, other]) => other - one);
  const whose = most ? `; ${most[0]} takes most of it` : "";
  const plugin = most?.[0] ?? null;
  return aboutLog(network, {
    ...{ code: "slow", severity: "warning", plugin, lines: [first.line] },
    brief: `half of all ${command}s take longer than 1 s`,
    sentence: `Half of the ${times.count} ${command}s${inNetwork(network)} take longer than ${shownMs(median)}${whose}`,
    advice: plugin
      ? `Look for what ${plugin} does in each call, such as waiting for IPv6's duplicate address detection.`
      : "cnitap install --mode wrap logs how long each plugin takes.",
  });
}

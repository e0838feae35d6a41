import { readOutput } from "./result.ts";
import type { Attachment, Call, PluginCall, TapCall } from "./story.ts";

/** Which taps a network has, so far as the log tells. In the classic format `cni_pre` logs no DEL. */
export interface NetworkTaps {
  readonly pre: boolean;
  readonly post: boolean;
}

/**
 * `whole`: it came to its end. `broken`: a plugin failed. `open`: its end is not in the log. `unknown`: nothing in the log
 * would tell its end.
 */
export type RunState = "whole" | "broken" | "open" | "unknown";

/** One run of a network's chain for one attachment. */
export interface Run {
  readonly command: string;
  /** Of taps and plugins, delegates' included, in the order of the log. */
  readonly calls: readonly Call[];
  readonly pre: TapCall | null;
  readonly post: TapCall | null;
  /** The plugins of the list. */
  readonly plugins: readonly PluginCall[];
  /** The plugins that those have started, with their callers. */
  readonly delegates: ReadonlyMap<PluginCall, PluginCall>;
  readonly state: RunState;
  /** The plugin of the list that failed. */
  readonly failed: PluginCall | null;
  readonly netns: string | null;
  readonly begunMs: number | null;
  readonly endedMs: number | null;
  /** The latest time of its lines. */
  readonly lastMs: number | null;
  /** The JSON text of an ADD's result. */
  readonly result: string | null;
}

interface Cut {
  readonly command: string;
  readonly calls: Call[];
  delegates: Map<PluginCall, PluginCall> | null;
}

const NO_DELEGATES: ReadonlyMap<PluginCall, PluginCall> = new Map();

/** The lines of a run. */
export function linesOf({ calls }: Pick<Run, "calls">): number[] {
  const lines: number[] = [];
  for (const call of calls) {
    lines.push(call.line);
    if (call.kind === "plugin" && call.end !== null && call.end.line !== call.line) lines.push(call.end.line);
  }
  return lines.length < 2 ? lines : lines.sort((one, other) => one - other);
}

/** Why a tap could not read a request of the run. */
export function noteOf({ calls }: Pick<Run, "calls">): string | null {
  return calls.find((call): call is TapCall => call.kind === "tap" && call.note !== null)?.note ?? null;
}

/** Whether the plugin's call ended, and well. */
export function isWell(call: PluginCall): boolean {
  return call.end?.exit === 0;
}

/** Whether the plugin's call ended, and badly. */
export function hasFailed(call: PluginCall): boolean {
  return call.end !== null && call.end.exit !== 0;
}

const HIDDEN = /^\[redacted \d+ bytes\]$/;

/** Whether an ADD ended well and gave no result. */
export function isEmptyResult({ command, end }: PluginCall): boolean {
  if (command !== "ADD" || end?.exit !== 0 || end.outputBytes !== null) return false;
  const { text, parts } = readOutput(end.output);
  return text === null ? parts === null : !HIDDEN.test(text);
}

/** Cuts an attachment's calls into the runs of its chain. */
export function runsOf({ calls }: Attachment, taps: NetworkTaps): Run[] {
  const cuts: Cut[] = [];
  const ordered = isOrdered(calls) ? calls : [...calls].sort(inOrder);
  const chain = listOrder(ordered);
  for (const call of ordered) {
    const last = cuts.at(-1);
    const caller = last && call.kind === "plugin" ? callerOf(call, last, chain) : null;
    if (last && caller && call.kind === "plugin") {
      last.calls.push(call);
      last.delegates ??= new Map();
      last.delegates.set(call, caller);
    } else if (last && !beginsAnew(call, last)) last.calls.push(call);
    else cuts.push({ command: call.command, calls: [call], delegates: null });
  }
  return cuts.map((cut) => readRun(cut, taps, chain));
}

/** The types of the list's plugins as their ADDs came, for as much of it as can be known. */
function listOrder(calls: readonly Call[]): string[] {
  const own: string[] = [];
  for (const call of calls) {
    if (call.kind !== "plugin" || call.command !== "ADD") continue;
    const isInner = calls.some(
      (other) => other.kind === "plugin" && other.command === "ADD" && encloses(other, call),
    );
    if (!isInner) own.push(call.plugin);
  }
  return own;
}

interface At {
  readonly line: number;
  readonly timeMs: number | null;
}

/** In the order of time; lines may come a little out of order. */
function inOrder(one: At, other: At): number {
  const [early, late] = [one.timeMs, other.timeMs];
  return early === null || late === null || early === late ? one.line - other.line : early - late;
}

function isOrdered(calls: readonly Call[]): boolean {
  for (let at = 1; at < calls.length; at++) {
    const [one, other] = [calls[at - 1], calls[at]];
    if (one && other && inOrder(one, other) > 0) return false;
  }
  return true;
}

/** Whether one call was made while another one was under way. */
export function encloses(outer: PluginCall, inner: Call): boolean {
  return outer !== inner && outer.end !== null && inOrder(outer, inner) < 0 && inOrder(outer.end, inner) > 0;
}

function callerOf(call: PluginCall, { calls }: Cut, chain: readonly string[]): PluginCall | null {
  const isPlugin = (one: Call): one is PluginCall => one.kind === "plugin" && one !== call;
  const around = calls.findLast((one): one is PluginCall => isPlugin(one) && encloses(one, call));
  if (around) return around;
  const open = calls.findLast(
    (one): one is PluginCall => isPlugin(one) && one.end === null && inOrder(one, call) < 0,
  );
  return open && isDelegateOf(open, call, chain) ? open : null;
}

/** Whether a call that follows one without an end was made by that one; else the runtime made it. */
function isDelegateOf(open: PluginCall, call: PluginCall, chain: readonly string[]): boolean {
  if (call.request === null || call.plugin === open.plugin || call.command !== open.command) return false;
  // An IPAM plugin gets its caller's configuration, type and all.
  if (call.request.type !== call.plugin) return call.request.type === open.plugin;
  if (call.command === "ADD") return call.request.prevResult === null;
  return chain.includes(open.plugin) && !chain.includes(call.plugin);
}

function beginsAnew(call: Call, { command, calls, delegates }: Cut): boolean {
  if (call.command !== command) return true;
  if (call.kind === "tap") {
    const first = command === "DEL" ? "post" : "pre";
    return call.tap === first || calls.some((one) => one.kind === "tap" && one.tap === call.tap);
  }
  if (command === "ADD" && call.request?.prevResult) return false;
  return calls.some((one) => one.kind === "plugin" && !delegates?.has(one) && one.plugin === call.plugin);
}

function readRun(cut: Cut, taps: NetworkTaps, chain: readonly string[]): Run {
  const { command, calls, delegates: inner } = cut;
  const delegates = inner ?? NO_DELEGATES;
  const plugins: PluginCall[] = [];
  let pre: TapCall | null = null;
  let post: TapCall | null = null;
  for (const call of calls) {
    if (call.kind === "plugin") {
      if (call.command === command && !delegates.has(call)) plugins.push(call);
    } else if (call.tap === "pre") pre ??= call;
    else post ??= call;
  }
  const first = command === "DEL" ? post : pre;
  const last = command === "DEL" ? pre : post;
  const begun = first ?? plugins[0];
  const lastPlugin = plugins.at(-1);
  const state = stateOf({ command, calls, plugins, end: last }, taps, chain);
  let lastMs: number | null = null;
  for (const call of calls) {
    lastMs = laterOf(lastMs, call.timeMs);
    if (call.kind === "plugin" && call.end !== null) lastMs = laterOf(lastMs, call.end.timeMs);
  }
  return {
    command,
    calls,
    pre,
    post,
    plugins,
    delegates,
    state,
    failed: plugins.find(hasFailed) ?? null,
    netns: calls[0]?.netns ?? null,
    begunMs: begun?.timeMs ?? null,
    endedMs: state !== "whole" ? null : (last?.timeMs ?? lastPlugin?.end?.timeMs ?? null),
    lastMs,
    result:
      command !== "ADD" || state !== "whole" ? null : last ? last.output : (lastPlugin?.end?.output ?? null),
  };
}

function laterOf(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

interface Parts {
  readonly command: string;
  readonly calls: readonly Call[];
  readonly plugins: readonly PluginCall[];
  readonly end: TapCall | null;
}

function stateOf(
  { command, calls, plugins, end }: Parts,
  taps: NetworkTaps,
  chain: readonly string[],
): RunState {
  // A tap that cannot read a request fails an ADD, but no DEL.
  if (command === "ADD" && noteOf({ calls }) !== null) return "broken";
  if (end !== null) return "whole";
  if (plugins.some((call) => hasFailed(call) || isEmptyResult(call))) return "broken";
  // A run without any tap is of a list that has none at the time.
  const tapped = calls.some(({ kind }) => kind === "tap") && (command === "ADD" ? taps.post : taps.pre);
  if (tapped) return "open";
  if (plugins.length === 0) return "unknown";
  if (plugins.some((call) => call.end === null)) return "open";
  // The list's first plugin ends a DEL.
  const [firstOfAll] = chain;
  const started = calls.some((call) => call.kind === "plugin" && call.plugin === firstOfAll);
  return command !== "DEL" || firstOfAll === undefined || started ? "whole" : "open";
}

import { failedBefore } from "../del-order.ts";
import type { Attached, Pod } from "../pod.ts";
import { readOutput } from "../result.ts";
import { hasFailed, isEmptyResult, linesOf, type Run } from "../runs.ts";
import type { LineNumber, PluginCall, PluginEnded } from "../story.ts";
import { SOON_LINES } from "./finding.ts";

/** How a plugin failed, for a sentence: `code 11: no addresses`, or its exit code and what it wrote. */
export function saidBy(end: PluginEnded): string {
  const { error } = readOutput(end.output);
  const details = error?.details ? ` (${error.details})` : "";
  const words = error ? `code ${error.code}: ${error.msg}${details}` : `exit code ${end.exit}`;
  const stderr = lastWords(end.stderr);
  return stderr === null || words.includes(stderr) ? words : `${words}; on stderr: ${stderr}`;
}

const MOST_WORDS = 400;

/** The first lines of standard error in one; null if there are none. */
function lastWords(stderr: string | null): string | null {
  const lines = (stderr ?? "").split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length === 0) return null;
  const text = lines.slice(0, 3).join(" / ");
  return text.length > MOST_WORDS ? `${text.slice(0, MOST_WORDS)}...` : text;
}

/** Which plugin a run failed at: a delegate, if its caller has handed on what that one said. */
export interface Failure {
  readonly call: PluginCall;
  readonly end: PluginEnded;
  /** The plugin of the list, if `call` is its delegate's. */
  readonly caller: PluginCall | null;
}

export function failureOf({ failed, delegates, command }: Run): Failure | null {
  if (failed === null || failed.end === null) return null;
  const message = readOutput(failed.end.output).error?.msg ?? failed.end.output;
  for (const [call] of delegates) {
    if (!hasFailed(call) || call.end === null || call.command !== command) continue;
    const own = readOutput(call.end.output).error?.msg;
    if (isCalledBy(call, failed, delegates) && own && message.includes(own))
      return { call, end: call.end, caller: failed };
  }
  return { call: failed, end: failed.end, caller: null };
}

function isCalledBy(call: PluginCall, caller: PluginCall, delegates: Run["delegates"]): boolean {
  for (let one = delegates.get(call); one !== undefined; one = delegates.get(one))
    if (one === caller) return true;
  return false;
}

/** Whether a stronger finding tells why a run failed: plugin-died, call-killed or empty-result. */
export function isToldElsewhere(run: Run, next: Run | undefined): boolean {
  return run.calls.some(
    (call) =>
      call.kind === "plugin" &&
      ((call.end !== null && call.end.signal !== null) || isEmptyResult(call) || isKilled(call, run, next)),
  );
}

/** Whether a call of the list's has no end although the runtime went on: its deadline was over. */
export function isKilled(call: PluginCall, run: Run, next: Run | undefined): boolean {
  const { calls, delegates } = run;
  if (call.end !== null || delegates.has(call) || next === undefined) return false;
  if (failedBefore(run, next) === false) return false;
  // If the run went on, only the end line was lost.
  const later = calls.slice(calls.indexOf(call) + 1);
  return !later.some((one) => one.kind === "tap" || !delegates.has(one));
}

/** Between which lines the end of a run had to come. */
export function absenceIn(run: Run, next: Run | undefined): readonly [LineNumber, LineNumber] {
  const lines = linesOf(run);
  const to = Math.max(...lines) + SOON_LINES;
  return [Math.min(...lines), next ? Math.min(to, ...linesOf(next)) : to];
}

/** The run that follows a run of the same attachment. */
export function nextRun(runs: readonly Run[], run: Run): Run | undefined {
  return runs[runs.indexOf(run) + 1];
}

/** Whether an attachment had its network in spite of what its ADD's lines say. */
export function cameUp({ run }: Pod, { dels }: Attached): boolean {
  return run !== null || dels.some(({ calls }) => calls.some(({ request }) => request?.prevResult));
}

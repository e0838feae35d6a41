import { failedBefore, orderOf } from "./del-order.ts";
import type { Code } from "./findings/codes.ts";
import { aboutLog, type Finding, listed } from "./findings/finding.ts";
import { nextRun } from "./findings/what-failed.ts";
import type { LogFacts } from "./log-facts.ts";
import { type Attached, isAdded, type Pod } from "./pod.ts";
import { linesOf, type Run } from "./runs.ts";
import type { LineNumber, PluginCall } from "./story.ts";

/** Of a log that begins in the middle of calls, so many lines, and lines of so long, may lack what was before. */
const BEGIN_LINES = 200;
const BEGIN_MS = 60_000;
const LINES_MOST = 100;

/**
 * Where a log shows that it has lost lines: calls of which it has one half although the other one was there. A finding that
 * rests on a line that did not come is not told where lines were lost.
 */
export class Losses {
  readonly #log: LogFacts;
  readonly #lines: LineNumber[] = [];

  constructor(log: LogFacts) {
    this.#log = log;
  }

  /** Looks for halves in a pod's story. */
  pod(pod: Pod): void {
    for (const attached of pod.attached)
      for (const run of attached.runs) {
        const line = Math.min(...linesOf(run));
        for (const call of run.calls)
          if (
            call.kind === "plugin" &&
            call.end?.line === call.line &&
            (call !== run.calls[0] || hasBefore(run, attached) || !this.#isOlder(call.line, call.timeMs))
          )
            this.#lines.push(call.line);
        if (
          isHeadless(run, attached, this.#log) &&
          (hasBefore(run, attached) || !this.#isOlder(line, run.lastMs, BEGIN_MS))
        )
          this.#lines.push(line);
        if (isEndless(run, attached, pod, this.#log)) this.#lines.push(Math.max(...linesOf(run)));
        const [first] = attached.dels;
        if (run === first && isAdded(attached) && orderOf(run, true) === "second") this.#lines.push(line);
      }
  }

  /** Whether what began at a time, or up to so much earlier, may be older than the log. */
  #isOlder(line: LineNumber, timeMs: number | null, earlierMs = 0): boolean {
    const { firstTapMs } = this.#log;
    if (timeMs === null || firstTapMs === null) return line <= BEGIN_LINES;
    return timeMs - earlierMs <= firstTapMs;
  }

  /** Takes those out that rest on lines that may have been lost, and says how many. */
  sift(findings: readonly Finding[]): Finding[] {
    const lost = [...new Set([...this.#lines, ...this.#log.torn])].sort((one, other) => one - other);
    const isDoubtful = ({ absence }: Finding) =>
      absence !== undefined && firstFrom(lost, absence[0]) <= absence[1];
    const told = findings.filter((finding) => !isDoubtful(finding));
    const halves = [...new Set(this.#lines)].sort((one, other) => one - other);
    if (halves.length > 0 || told.length < findings.length)
      told.push(noteOf(halves.length > 0 ? halves : lost, halves.length, findings.filter(isDoubtful)));
    return told;
  }
}

/** The first of sorted lines that is not before one. */
function firstFrom(sorted: readonly LineNumber[], line: LineNumber): LineNumber {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sorted[middle] ?? 0) < line) from = middle + 1;
    else to = middle;
  }
  return sorted[from] ?? Number.POSITIVE_INFINITY;
}

function isHeadless({ command, pre, post }: Run, { network }: Attached, log: LogFacts): boolean {
  const taps = log.tapsOf(network);
  if (command === "ADD")
    return post !== null && pre === null && (taps.pre || !log.sources.json) && log.sources.pre;
  return command === "DEL" && pre !== null && post === null && taps.post;
}

/** Whether the log has an earlier run of an attachment. */
function hasBefore(run: Run, { runs }: Attached): boolean {
  return runs[0] !== run;
}

/** Whether a run went on, or was followed by what follows only a whole one, and the log lacks an end in it. */
function isEndless(run: Run, attached: Attached, pod: Pod, log: LogFacts): boolean {
  const { command, calls, delegates, plugins, state } = run;
  const ends = (call: PluginCall) =>
    calls.some((one) => one.line > call.line && !delegates.has(one as PluginCall) && one !== call);
  if (plugins.some((call) => call.end === null && ends(call))) return true;
  if (state !== "open") return false;
  if (failedBefore(run, nextRun(attached.runs, run)) === false) return true;
  return command === "ADD" && pod.run !== null && run.pre !== null && log.tapsOf(attached.network).post;
}

function noteOf(lines: readonly LineNumber[], halves: number, withheld: readonly Finding[]): Finding {
  const codes = new Map<Code, number>();
  for (const { code } of withheld) codes.set(code, (codes.get(code) ?? 0) + 1);
  const kept = listed([...codes].map(([code, count]) => `${count} ${code}`));
  const silent = kept === "" ? "" : `. Not told for that reason: ${kept}`;
  const have = halves === 1 ? "1 call has" : `${halves} calls have`;
  const what =
    halves > 0 ? `The log lacks lines: ${have} only a beginning or an end` : "The log has half lines";
  return aboutLog(null, {
    ...{ code: "lines-lost", severity: "note", lines: lines.slice(0, LINES_MOST) },
    brief: "lines are missing",
    sentence: `${what}${silent}`,
    advice:
      "Lines are lost where a disk is full or a file between two that were given is missing, and are not written while a network has no taps.",
  });
}

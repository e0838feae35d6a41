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

/** A half that is a loss only if other lines, which may still come, say so. */
interface Doubt {
  readonly line: LineNumber;
  /** The tap whose line is not there; null: it is the beginning of a plugin's call. */
  readonly lacks: "pre" | "post" | null;
  readonly network: string | null;
  /** What may be older than the log is no loss: when it began at the latest. False: it cannot be older. */
  readonly begun: false | { readonly timeMs: number | null };
}

/**
 * Where a log shows that it has lost lines: calls of which it has one half although the other one was there. A finding that
 * rests on a line that did not come is not told where lines were lost.
 */
export class Losses {
  readonly #log: LogFacts;
  readonly #lines: LineNumber[] = [];
  readonly #doubts: Doubt[] = [];

  constructor(log: LogFacts) {
    this.#log = log;
  }

  /** Looks for halves in a pod's story. Of one that is settled, the rest of the log is not known yet. */
  pod(pod: Pod): void {
    for (const attached of pod.attached) {
      const { dels, network } = attached;
      for (const run of attached.runs) {
        const isFirst = !hasBefore(run, attached);
        for (const call of run.calls)
          if (call.kind === "plugin" && call.end?.line === call.line) {
            const begun = isFirst && call === run.calls[0] && { timeMs: call.timeMs };
            this.#doubts.push({ line: call.line, lacks: null, network, begun });
          }
        const lacks = lackingHead(run);
        if (lacks !== null) {
          const begun = isFirst && { timeMs: run.lastMs === null ? null : run.lastMs - BEGIN_MS };
          this.#doubts.push({ line: Math.min(...linesOf(run)), lacks, network, begun });
        }
        if (isEndless(run, attached, pod, this.#log)) this.#lines.push(Math.max(...linesOf(run)));
        if (run === dels[0] && isAdded(attached) && orderOf(run, true) === "second")
          this.#lines.push(Math.min(...linesOf(run)));
      }
    }
  }

  #isLoss({ line, lacks, network, begun }: Doubt): boolean {
    const { firstTapMs, sources } = this.#log;
    const taps = this.#log.tapsOf(network);
    if (lacks === "pre" && !((taps.pre || !sources.json) && sources.pre)) return false;
    if (lacks === "post" && !taps.post) return false;
    if (begun === false) return true;
    return begun.timeMs === null || firstTapMs === null ? line > BEGIN_LINES : begun.timeMs > firstTapMs;
  }

  /** Takes those out that rest on lines that may have been lost, and says how many. */
  sift(findings: readonly Finding[]): Finding[] {
    for (const doubt of this.#doubts.splice(0)) if (this.#isLoss(doubt)) this.#lines.push(doubt.line);
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

/** The tap that has a run's first line, if that one is not there and its last one is. */
function lackingHead({ command, pre, post }: Run): "pre" | "post" | null {
  if (command === "ADD") return post !== null && pre === null ? "pre" : null;
  return command === "DEL" && pre !== null && post === null ? "post" : null;
}

/** Whether an earlier run of an attachment is known. */
function hasBefore(run: Run, { runs, pod }: Attached): boolean {
  return pod.resumed || runs[0] !== run;
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

import type { LogLine } from "../log/log-line.ts";
import { skipValue } from "../log/skip-json.ts";
import { addFailed } from "./findings/add-failed.ts";
import { callKilled } from "./findings/call-killed.ts";
import { chainChanged } from "./findings/chain-changed.ts";
import { CODES } from "./findings/codes.ts";
import { delDiffers } from "./findings/del-differs.ts";
import { delWithoutAdd } from "./findings/del-without-add.ts";
import { delegateLeft } from "./findings/delegate-left.ts";
import { duplicateIp } from "./findings/duplicate-ip.ts";
import { emptyResult } from "./findings/empty-result.ts";
import type { Check, Finding, MakeCheck } from "./findings/finding.ts";
import { innerDelFailed } from "./findings/inner-del-failed.ts";
import { ipMismatch } from "./findings/ip-mismatch.ts";
import { lateDel } from "./findings/late-del.ts";
import { leak } from "./findings/leak.ts";
import { logState } from "./findings/log-state.ts";
import { pluginDied } from "./findings/plugin-died.ts";
import { quietFailure } from "./findings/quiet-failure.ts";
import { resultFamily } from "./findings/result-family.ts";
import { resultInterfaces } from "./findings/result-interfaces.ts";
import { resultLost } from "./findings/result-lost.ts";
import { resultVersion } from "./findings/result-version.ts";
import { slow } from "./findings/slow.ts";
import { stranded } from "./findings/stranded.ts";
import { untapped } from "./findings/untapped.ts";
import { LogFacts, type LogFactsOptions, type Sources } from "./log-facts.ts";
import { Losses } from "./losses.ts";
import { isSettled, type Pod, readPod } from "./pod.ts";
import { readOutput } from "./result.ts";
import { isTorn, Stories } from "./stories.ts";
import type { LineNumber, PodStory } from "./story.ts";

export interface AuditOptions extends LogFactsOptions {
  /** Calls that take longer are slow, whatever the others take. */
  readonly slowMs?: number;
  /** Of more pods than this the oldest are judged at once. */
  readonly mostOpen?: number;
  /** Gets each pod as it is judged. */
  readonly eachPod?: (pod: Pod) => void;
}

export interface AuditReport {
  /** In the order of CODES, then in that of the log. */
  readonly findings: readonly Finding[];
  readonly sources: Sources;
  /** How many pods were judged before the log's end because there were too many. */
  readonly closedEarly: number;
}

/** Judges a log: its lines go in, and findings come out at the end. */
export class Audit {
  readonly #log: LogFacts;
  readonly #stories: Stories;
  readonly #checks: readonly Judge[];
  readonly #findings: Finding[] = [];
  readonly #losses: Losses;
  readonly #eachPod: AuditOptions["eachPod"];

  constructor(options: AuditOptions) {
    this.#log = new LogFacts(options);
    this.#eachPod = options.eachPod;
    this.#losses = new Losses(this.#log);
    const report = (finding: Finding) => void this.#findings.push(finding);
    this.#checks = checksFor(options).map((make) => ({
      check: make(this.#log, report),
      late: LATE.includes(make),
      silent: SILENT.includes(make),
    }));
    const { mostOpen } = options;
    this.#stories = new Stories({
      ...{ close: (story) => this.#judge(this.#read(story), false), keepRequests: true },
      settle: (story) => {
        const pod = this.#read(story);
        const isDone = isSettled(pod);
        if (isDone) this.#judge(pod, true);
        return isDone;
      },
      ...(mostOpen === undefined ? {} : { mostOpen }),
    });
  }

  /** @param read the line, or the beginning of one that is none of ours */
  add(line: LineNumber, read: LogLine | string): void {
    if (typeof read === "string" || hasCutOutput(read)) {
      const stray = typeof read === "string" ? read : HALF_LINE;
      if (isTorn(stray)) this.#log.torn.push(line);
      this.#stories.add(line, stray, null);
      return;
    }
    this.#log.add(line, read);
    this.#stories.add(line, "", read);
  }

  end(): AuditReport {
    this.#stories.end();
    for (const { check } of this.#checks) check.end?.();
    const order = Object.keys(CODES);
    const findings = this.#losses.sift(this.#findings);
    findings.sort(
      (one, other) =>
        order.indexOf(one.code) - order.indexOf(other.code) || (one.lines[0] ?? 0) - (other.lines[0] ?? 0),
    );
    const { closedEarly } = this.#stories;
    return { findings, sources: this.#log.sources, closedEarly };
  }

  #read(story: PodStory): Pod {
    return readPod(story, (network) => this.#log.tapsOf(network));
  }

  #judge(pod: Pod, settled: boolean): void {
    this.#losses.pod(pod);
    const isSound = settled && pod.attached.length > 0;
    for (const { check, late, silent } of this.#checks)
      if (!(silent && isSound) && (late || !pod.story.resumed)) check.pod?.(pod);
    this.#eachPod?.(pod);
  }
}

interface Judge {
  readonly check: Check;
  readonly late: boolean;
  readonly silent: boolean;
}

const HALF_LINE = '{"v":1,';

/** Readers of lines may leave the payload unread: a line that was cut behind a `}` looks whole then. */
function hasCutOutput(read: LogLine): boolean {
  if (read.kind !== "call" && read.kind !== "wrap") return false;
  const { content } = read;
  if (content.kind !== "output") return false;
  const { span } = content;
  if (span && skipValue(span.source.bytes, span.from) === span.to) return false;
  return !readOutput(content.json).isJson;
}

/** Those that can be made of single calls: of a pod that was judged, later ones too. */
const LATE: readonly MakeCheck[] = [pluginDied, callKilled, quietFailure, innerDelFailed];

/** Those that have nothing to say of a pod with attachments that is settled. */
const SILENT: readonly MakeCheck[] = [
  ...[addFailed, pluginDied, innerDelFailed, stranded, leak, untapped, delWithoutAdd],
];

function checksFor({ slowMs }: AuditOptions): MakeCheck[] {
  return [
    ...[addFailed, pluginDied, callKilled, emptyResult, quietFailure, innerDelFailed, stranded, leak],
    ...[duplicateIp, ipMismatch, slow(slowMs ?? null), untapped],
    ...[resultVersion, resultInterfaces, resultFamily, resultLost],
    ...[lateDel, delegateLeft, delDiffers, delWithoutAdd, chainChanged, logState],
  ];
}

import { type PodEventLine, parseLogLine } from "../../../src/log/log-line.ts";
import { brief, groupById, tapLine, wholeStory } from "./log.ts";
import { type CallRecord, POD_CALLS, type PodCall, type PodRecord } from "./pod-ledger.ts";
import type { Watch } from "./watches.ts";

/** What is wrong with a log, and what was counted in it. */
export interface Verdict {
  readonly complaints: readonly string[];
  /** Pods whose three events are all logged. */
  readonly whole: number;
  /** Pods that ran over a gap and are found again in a Synchronize. */
  readonly found: number;
  /** Pods reported as Vanished. */
  readonly vanished: number;
  /** Pods with none of the observers' lines. */
  readonly unseen: number;
  /** Events that a killed observer had answered and not written, for each kill. */
  readonly lost: readonly number[];
}

interface Seen extends Pick<PodEventLine, "event"> {
  readonly at: number;
  readonly observer: string;
  readonly id: string;
}

/**
 * Judges a log that taps and observers, each with a label of its own, have written. The rules:
 * 1. Each line is whole, is there once, and is about a pod of the ledger, with its name. (A containerd that ends may have
 *    started a tap and not given it its input: the tap's note has no name.)
 * 2. The taps' lines of a pod of which no call was cut off are those of a whole life.
 * 3. A line of an event has its time within a call of that pod and event, and there is one at most. (RunPodSandbox that is cut
 *    off cleans up: containerd 2 tells a stop and a removal then.)
 * 4. It is there if the whole call was made while an observer was connected to the containerd that made the pod. (A
 *    containerd does not tell the end of pods that are older than itself.) An observer that was killed is held to this up to
 *    its last line: so what it took to its grave are its last events. They are counted.
 * 5. An observer that connects finds each pod that was there all that time, once, and none that was gone or came later.
 * 6. An observer that connects again reports what it knew and does not find as Vanished, once, and nothing else.
 */
export function judgeCrowd(log: string, pods: readonly PodRecord[], watches: readonly Watch[]): Verdict {
  const complaints: string[] = [];
  const { seen, taps } = readLines(log, pods, complaints);
  const lost = new Map(watches.filter(({ killed }) => killed).map((watch) => [watch, 0]));
  const last = (watch: Watch) =>
    Math.max(watch.from, ...seen.filter((line) => line.observer === watch.observer).map(({ at }) => at));
  const heldTo = new Map(watches.map((watch) => [watch, watch.killed ? last(watch) : watch.to]));
  const byId = groupById(seen, ({ id }) => id);
  for (const pod of pods) {
    const own = byId.get(pod.id ?? "") ?? [];
    const say = (text: string) => complaints.push(`${pod.name} ${pod.id}: ${text}`);
    if (pod.calls.every(({ ok }) => ok)) {
      const story = (taps.get(pod.id ?? "") ?? []).join(", ");
      if (story !== wholeStory.join(", ")) say(`the taps have ${story}`);
    }
    const madeBy = pod.calls.find(({ event, ok }) => event === "RunPodSandbox" && ok)?.daemon;
    for (const event of POD_CALLS) {
      const lines = own.filter((line) => line.event === event);
      if (lines.length > 1) say(`${lines.length} lines of ${event}`);
      const calls = pod.calls.filter((call) => call.event === event);
      for (const { at } of lines)
        if (!calls.concat(pod.calls.filter(isCutOffRun)).some(({ from, to }) => from <= at && at <= to))
          say(`${event} at ${at}, in no call`);
      if (lines.length > 0) continue;
      for (const call of calls.filter(({ ok, daemon }) => ok && daemon === madeBy)) {
        const watch = watches.find((one) => isWithin(call, one.daemon, one.from, one.to));
        if (!watch) continue;
        if (call.to < (heldTo.get(watch) ?? 0)) say(`no ${event}, called from ${call.from} to ${call.to}`);
        else lost.set(watch, (lost.get(watch) ?? 0) + 1);
      }
    }
  }
  for (const line of seen.filter(({ event }) => event === "Synchronize" || event === "Vanished"))
    if (!watches.some((watch) => isAtStart(line, watch)))
      complaints.push(`${line.event} of ${line.id} at ${line.at}, when no observer connected`);
  // Lines come in order: what an observer found is written if something later is, and may have died with it if nothing is.
  for (const watch of watches)
    if (!watch.killed || last(watch) > watch.from)
      complaints.push(...judgeFound(watch, pods, seen), ...judgeKnown(watch, seen));
  const having = (event: Seen["event"]) =>
    new Set(seen.filter((line) => line.event === event).map(({ id }) => id));
  const told = POD_CALLS.map(having);
  return {
    complaints,
    whole: pods.filter(({ id }) => told.every((ids) => ids.has(id ?? ""))).length,
    found: having("Synchronize").size,
    vanished: having("Vanished").size,
    unseen: pods.filter(({ id }) => !byId.has(id ?? "")).length,
    lost: [...lost.values()],
  };
}

export function isCutOffRun({ event, ok }: CallRecord): boolean {
  return event === "RunPodSandbox" && !ok;
}

function isWithin(call: CallRecord, daemon: number, from: number, to: number): boolean {
  return call.daemon === daemon && from <= call.from && call.to <= to;
}

/** Rule 1. */
function readLines(log: string, pods: readonly PodRecord[], complaints: string[]) {
  const nameOf = new Map(pods.map(({ name, id }) => [id, name]));
  const lost = new Set(pods.filter(({ id }) => id === null).map(({ name }) => name));
  const cutOff = new Set(pods.filter(({ calls }) => calls.some(({ ok }) => !ok)).map(({ id }) => id));
  const seen: Seen[] = [];
  const taps = new Map<string, string[]>();
  const texts = new Set<string>();
  const lines = log.split("\n");
  if (lines.pop() !== "") complaints.push("the last line has no line feed");
  for (const text of lines) {
    if (texts.has(text)) complaints.push(`twice: ${text}`);
    texts.add(text);
    const line = parseLogLine(text);
    if (line?.kind === "note" && cutOff.has(line.containerId)) continue;
    const name = line?.kind === "pod" ? line.pod.name : line?.kind === "call" && line.args?.K8S_POD_NAME;
    if (!line?.containerId || !name) {
      complaints.push(`not a line about a pod: ${text}`);
      continue;
    }
    const id = line.containerId;
    if (nameOf.get(id) !== name && !lost.has(name)) complaints.push(`a pod that never was: ${text}`);
    if (line.kind === "pod")
      seen.push({ event: line.event, at: Date.parse(line.time ?? ""), observer: line.label ?? "", id });
    else taps.set(id, [...(taps.get(id) ?? []), brief(tapLine(text, line))]);
  }
  return { seen, taps };
}

function isAtStart({ observer, at }: Seen, watch: Watch): boolean {
  return observer === watch.observer && watch.begun <= at && at <= watch.from;
}

/** Rule 5. */
function judgeFound(watch: Watch, pods: readonly PodRecord[], seen: readonly Seen[]): string[] {
  const found = seen.filter((line) => line.event === "Synchronize" && isAtStart(line, watch));
  const times = groupById(found, ({ id }) => id);
  return pods.flatMap((pod) => {
    const count = times.get(pod.id ?? "")?.length ?? 0;
    const begins = (event: PodCall) =>
      Math.min(...pod.calls.filter((call) => call.event === event).map(({ from }) => from));
    const done = (event: PodCall) =>
      pod.calls.find((call) => call.event === event && call.ok)?.to ?? Number.POSITIVE_INFINITY;
    const wasThere = done("RunPodSandbox") < watch.begun && begins("StopPodSandbox") > watch.from;
    const wasNot = begins("RunPodSandbox") > watch.from || done("RemovePodSandbox") < watch.begun;
    if (count <= 1 && !(wasThere && count === 0) && !(wasNot && count > 0)) return [];
    return [`${pod.name} ${pod.id}: ${watch.observer} found it ${count} times at ${watch.from}`];
  });
}

/** Rule 6. */
function judgeKnown(watch: Watch, seen: readonly Seen[]): string[] {
  const complaints: string[] = [];
  const known = new Map<string, number>();
  for (const line of seen) {
    if (line.observer !== watch.observer || line.at > watch.from) continue;
    const { event, id, at } = line;
    if (event === "Vanished" && isAtStart(line, watch)) {
      const before = known.get(id);
      if (before === undefined) complaints.push(`${watch.observer} did not know ${id}, which vanished`);
      else if (before >= watch.begun) complaints.push(`${id} was found and vanished at ${at}`);
    }
    if (event === "RunPodSandbox" || event === "Synchronize") known.set(id, at);
    else if (event !== "StopPodSandbox") known.delete(id);
  }
  for (const [id, at] of known)
    if (at < watch.begun)
      complaints.push(
        `${watch.observer} knew ${id}, and told nothing of it when it connected at ${watch.from}`,
      );
  return complaints;
}

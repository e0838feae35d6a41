import { describe, expect, it } from "vitest";
import { podNetwork } from "../../scripts/containerd/conflist.ts";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { howOften } from "../support/soak.ts";
import { errorsOf } from "./support/audit.ts";
import { isCutOffRun, judgeCrowd } from "./support/judge-crowd.ts";
import { describeAsRoot, suites, useNode } from "./support/node.ts";
import { PodLedger, type PodRecord } from "./support/pod-ledger.ts";
import { Watches } from "./support/watches.ts";

const PODS = howOften(40, 1_000);
const AT_ONCE = howOften(6, 16);
/** So many live on while others come and go. */
const LASTING = howOften(8, 20);
const KILLS = howOften(3, 20);
/** And one more when all pods have ended. */
const RESTARTS = howOften(1, 5);
/** So many pods are made while there is no observer. */
const GAP = howOften(3, 10);
/** Of its last observer, so many pods are warming up. */
const WARM_UP = howOften(10, 50);
/** What the memories may differ by, of 1,100 KB: pages that are in use at one time and not at another. */
const SLACK_KB = 400;

// A tap that gave up the lock on a busy machine would drop its line.
const conflists = {
  "10-crowd.conflist": podNetwork({ tap: { logFormat: "json", lockTimeoutMs: 10_000 } }),
};

describe.each(suites)("observers on containerd of %s", (suite) => {
  describeAsRoot(`killed ${KILLS} times, among ${PODS} pods and ${RESTARTS} restarts of containerd`, () => {
    const node = useNode({ suite, conflists });

    it("tell each pod's story or its gap, and leave nothing behind", async () => {
      const start = performance.now();
      const ledger = new PodLedger(node());
      const watches = new Watches(node(), ledger);
      let memories: readonly number[] = [];
      const measure = async () => {
        memories = watches.memories();
      };
      await watches.connect();
      const descriptors = watches.descriptors();
      await Promise.all([runPods(ledger), disturb(ledger, watches, measure)]);
      expect((await node().cri.call("ListPodSandbox", {})).items).toEqual([]);
      await watches.restart(); // the last observer reports the pods of which no end was told
      expect(watches.descriptors()).toEqual(descriptors);
      const memoriesAfter = watches.memories();
      await watches.stop();

      const log = await node().readLog();
      const { complaints, ...counts } = judgeCrowd(log, ledger.pods, watches.all);
      const cutOff = ledger.pods.filter(({ calls }) => calls.some(isCutOffRun));
      const seconds = Math.round((performance.now() - start) / 1000);
      const figures = { pods: PODS, ...counts, cutOff: cutOff.length, watches: watches.all.length };
      console.log(`containerd ${node().version}:`, { ...figures, memories, memoriesAfter, seconds });
      expect(complaints).toEqual([]);
      expect(Math.max(...counts.lost)).toBeLessThanOrEqual(AT_ONCE);
      // A CNI call that a restart has cut off may have failed, or may not have come to its end.
      const excused = new Set(
        ledger.pods.filter(({ calls }) => !calls.every(({ ok }) => ok)).map(({ name }) => name),
      );
      expect(errorsOf(log).filter(({ name }) => !excused.has(name ?? ""))).toEqual([]);
      for (const [at, kb] of memoriesAfter.entries())
        expect(kb - (memories[at] ?? 0), `${memories} KB, then ${memoriesAfter}`).toBeLessThan(SLACK_KB);

      for (const [what, damage] of Object.entries(DAMAGES))
        expect(judgeCrowd(damage(log), ledger.pods, watches.all).complaints, what).not.toEqual([]);
    }, 900_000);
  });
});

/** Pods come and go: one ends at once, the next one lives on for a while. */
async function runPods(ledger: PodLedger): Promise<void> {
  const numbers = Array.from({ length: PODS }, (_, index) => index);
  const lasting: PodRecord[] = [];
  const worker = async () => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      const pod = await ledger.run({ name: `crowd-${number}`, labels: { app: "crowd" } });
      if (pod && number % 2 === 0) await ledger.end(pod);
      else if (pod) lasting.push(pod);
      const oldest = lasting.length > LASTING ? lasting.shift() : undefined;
      if (oldest) await ledger.end(oldest);
    }
    for (let pod = lasting.shift(); pod; pod = lasting.shift()) await ledger.end(pod);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Kills and restarts as pods are made. After the last kill, `measure` is called when the new observer is warm. */
async function disturb(ledger: PodLedger, watches: Watches, measure: () => Promise<void>): Promise<void> {
  const kills = Array.from({ length: KILLS }, (_, i) => Math.round((0.6 * PODS * (i + 1)) / (KILLS + 1)));
  const restarts = Array.from({ length: RESTARTS }, (_, i) =>
    Math.round((0.8 * PODS * (i + 1)) / (RESTARTS + 1)),
  );
  const acts = [
    ...kills.map((at) => ({ at, act: () => watches.kill() })),
    ...kills.map((at) => ({ at: at + GAP, act: () => watches.connect() })),
    ...restarts.map((at) => ({ at, act: () => watches.restart() })),
    { at: Math.max(...kills) + GAP + WARM_UP, act: measure },
  ].sort((one, other) => one.at - other.at);
  for (const { at, act } of acts) {
    await waitFor(`pod ${at}`, () => ledger.made >= at, 120_000);
    await act();
  }
}

/** What the judge must notice: a test of the test. */
const DAMAGES: Readonly<Record<string, (log: string) => string>> = {
  "a run is missing": (log) => withoutLast(log, '"nri":"RunPodSandbox"'),
  "a stop is missing": (log) => withoutLast(log, '"nri":"StopPodSandbox"'),
  "a removal is missing": (log) => withoutLast(log, '"nri":"RemovePodSandbox"'),
  "no pod is found": (log) => without(log, (line) => line.includes('"nri":"Synchronize"')),
  "no pod vanishes": (log) => without(log, (line) => line.includes('"nri":"Vanished"')),
  "a tap's line is missing": (log) => withoutLast(log, '"tap":"pre"'),
  "a line is there twice": (log) => log + log.slice(log.lastIndexOf("\n", log.length - 2) + 1),
  "a line is torn": (log) => log.slice(0, -10),
  "a pod that never was": (log) => log.replace(/"containerId":"[0-9a-f]{8}/, '"containerId":"01234567'),
};

function without(log: string, drops: (line: string, at: number) => boolean): string {
  const lines = log.split("\n");
  return lines.filter((line, at) => !drops(line, at)).join("\n");
}

function withoutLast(log: string, words: string): string {
  const last = log.split("\n").findLastIndex((line) => line.includes(words));
  return without(log, (_, at) => at === last);
}

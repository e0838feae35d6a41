import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { podNetwork } from "../../scripts/containerd/conflist.ts";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { childrenOf, descriptorsOf, memoryOf, untilGone } from "../faults/support/writers.ts";
import { howOften } from "../support/soak.ts";
import { errorsOf } from "./support/audit.ts";
import { judgeCrowd, type Watch } from "./support/judge-crowd.ts";
import { describeAsRoot, suites, useNode } from "./support/node.ts";
import { type Observer, startObserver } from "./support/observer.ts";
import { PodLedger, type PodRecord } from "./support/pod-ledger.ts";

const PODS = howOften(40, 1_000);
const AT_ONCE = 16;
/** So many live on while others come and go. */
const LASTING = howOften(4, 20);
const KILLS = howOften(3, 20);
/** And one more when all pods have ended. */
const RESTARTS = howOften(1, 5);
/** So many pods are started while there is no observer. */
const GAP = howOften(3, 10);
/** Of its last observer, so many pods are warming up. */
const WARM_UP = howOften(10, 50);
/** What the memories may differ by, of 1,400 KB: pages that are in use at one time and not at another. */
const SLACK_KB = 400;

const conflists = {
  "10-crowd.conflist": podNetwork({ tap: { logFormat: "json", lockTimeoutMs: 10_000 } }),
};

describe.each(suites)("an observer on containerd of %s", (suite) => {
  describeAsRoot(`killed ${KILLS} times, among ${PODS} pods and ${RESTARTS} restarts of containerd`, () => {
    const node = useNode({ suite, conflists });

    it("tells each pod's story, or its gap, and leaves nothing behind", async () => {
      const start = performance.now();
      const ledger = new PodLedger(node());
      const watches: Watch[] = [];
      let observers = 0;
      let observer: Observer | null = null;
      const endWatch = (killed: boolean) => Object.assign(watches.at(-1) ?? {}, { to: Date.now(), killed });
      const watch = (begun: number) => {
        const [label, daemon] = [`observer-${observers}`, ledger.daemon];
        const [from, to] = [Date.now(), Number.POSITIVE_INFINITY];
        watches.push({ observer: label, daemon, begun, from, to, killed: false });
      };
      const connect = async () => {
        const begun = Date.now();
        observers++;
        const label = ["--set", `label=observer-${observers}`];
        observer = await startObserver(node(), "json", "/tmp/cni.log", label);
        watch(begun);
        return observer;
      };
      const kill = async () => {
        const writers = childrenOf(observer?.pid ?? 0);
        expect(writers).toHaveLength(2);
        endWatch(true);
        expect(await observer?.stop("SIGKILL")).toMatchObject({ signal: "SIGKILL" });
        observer = null;
        for (const { pid } of writers) await untilGone(pid);
      };
      const restart = async () => {
        const seen = synchronizations(observer);
        const begun = Date.now();
        if (observer) endWatch(false);
        await ledger.restart();
        if (!observer) return;
        await waitFor("the observer again", () => synchronizations(observer) > seen);
        watch(begun);
      };

      const descriptors = descriptorsOfAll(await connect());
      let memories: readonly number[] = [];
      const acts: { readonly at: number; readonly act: () => Promise<unknown> }[] = [];
      for (let i = 0; i < KILLS; i++) {
        const at = Math.round((0.6 * PODS * (i + 1)) / (KILLS + 1));
        acts.push({ at, act: kill }, { at: at + GAP, act: connect });
      }
      const warm = (acts.at(-1)?.at ?? 0) + WARM_UP;
      const measure = async () => {
        memories = memoriesOf(observer);
      };
      acts.push({ at: warm, act: measure });
      for (let i = 0; i < RESTARTS; i++)
        acts.push({ at: Math.round((0.9 * PODS * (i + 1)) / (RESTARTS + 1)), act: restart });
      acts.sort((one, other) => one.at - other.at);

      const names = Array.from({ length: PODS }, (_, index) => `crowd-${index}`);
      const lasting: PodRecord[] = [];
      const work = async () => {
        for (let name = names.shift(); name !== undefined; name = names.shift()) {
          const pod = await ledger.run({ name, labels: { app: "crowd" } });
          const [oldest] = pod && lasting.push(pod) > LASTING ? lasting.splice(0, 1) : [];
          if (oldest) await ledger.end(oldest);
        }
        for (let pod = lasting.shift(); pod; pod = lasting.shift()) await ledger.end(pod);
      };
      const disturb = async () => {
        for (const { at, act } of acts) {
          await waitFor(`pod ${at}`, () => ledger.pods.length >= at, 120_000);
          await act();
        }
      };
      await Promise.all([disturb(), ...Array.from({ length: AT_ONCE }, work)]);
      const { items } = await node().cri.call("ListPodSandbox", {});
      expect(items).toEqual([]);
      await restart(); // which makes the last observer report what it has not seen the end of
      expect(descriptorsOfAll(observer)).toEqual(descriptors);
      const after = memoriesOf(observer);
      const writers = childrenOf(pidOf(observer));
      endWatch(false);
      expect(await (observer as Observer | null)?.stop()).toMatchObject({ code: 0 });
      for (const { pid } of writers) await untilGone(pid);

      const log = await node().readLog();
      const keep = process.env.CROWD_KEEP;
      if (keep) {
        writeFileSync(`${keep}-${suite}.log`, log);
        writeFileSync(`${keep}-${suite}.json`, JSON.stringify({ pods: ledger.pods, watches }));
      }
      const { complaints, ...counts } = judgeCrowd(log, ledger.pods, watches);
      const cutOff = ledger.pods.filter(({ calls }) => calls.some(({ ok }) => !ok)).length;
      const seconds = Math.round((performance.now() - start) / 1000);
      console.log(
        `containerd ${node().version}: ${JSON.stringify({ pods: PODS, ...counts, cutOff, watches: watches.length, memories, after, lines: log.split("\n").length - 1, seconds })}`,
      );
      expect(complaints).toEqual([]);
      expect(counts.lost.filter((count) => count > AT_ONCE)).toEqual([]);
      expect(errorsOf(log)).toEqual([]);
      for (const [at, kb] of after.entries())
        expect(kb - (memories[at] ?? 0), `${memories} KB, then ${after}`).toBeLessThan(SLACK_KB);
    }, 900_000);
  });
});

function pidOf(observer: Observer | null): number {
  return observer?.pid ?? 0;
}

function synchronizations(observer: Observer | null): number {
  return (observer?.said() ?? "").split("Synchronized state with the runtime (").length;
}

/** Of an observer and its writers. */
function descriptorsOfAll(observer: Observer | null): number[] {
  const pid = pidOf(observer);
  return [pid, ...childrenOf(pid).map((child) => child.pid)].map(descriptorsOf);
}

/** In KB, of an observer and its writers. */
function memoriesOf(observer: Observer | null): number[] {
  const pid = pidOf(observer);
  return [pid, ...childrenOf(pid).map((child) => child.pid)].map(memoryOf);
}

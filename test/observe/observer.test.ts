import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { Observer, type ObserverReport, type ReportedPod } from "../../src/observe/observer.ts";
import { podSentence } from "../../src/observe/sentences.ts";
import { factsOf, type PodInit, pods as reader, recordOf } from "./support/records.ts";

/** An observer for which the test decides when events are answered. */
function observed() {
  const reports: ObserverReport[] = [];
  const waiting: (() => void)[] = [];
  let now = 0;
  const observer = new Observer({
    now: () => ++now,
    afterAnswer: (act) => void waiting.push(act),
    report: (report) => void reports.push(report),
    idOf: (record) => reader.idOf(record),
  });
  const answered = () => {
    now += 1000; // the answer took a second
    for (const act of waiting.splice(0)) act();
    return reports.splice(0);
  };
  const synchronize = (pods: readonly PodInit[], containers = 0, more = false) =>
    observer.synchronize({ more, pods: pods.map(recordOf), containers });
  return { observer, reports, answered, synchronize };
}

function shown({ event, record }: ReportedPod) {
  return { event, pod: factsOf(record) };
}

/** What people are told. */
function sentencesOf({ sentence, pods }: ObserverReport): string[] {
  const own = sentence === null ? [] : [sentence];
  return [...own, ...pods.map(({ saying, record }) => podSentence(saying, reader.factsOf(record)))];
}

const web = {
  ...{ id: "id-1", name: "web", namespace: "default", uid: "uid-1", ips: ["10.0.0.1", "fd00::1"] },
  labels: { app: "web" },
  linux: {
    namespaces: [
      { type: "ipc", path: "/i" },
      { type: "network", path: "/var/run/netns/1" },
    ],
  },
};

describe("an event", () => {
  it.each([
    [
      "runPodSandbox",
      "RunPodSandbox",
      "Started pod default/web: namespace=/var/run/netns/1 ips=[10.0.0.1 fd00::1] id=id-1",
    ],
    ["stopPodSandbox", "StopPodSandbox", "Stopped pod default/web: ips=[10.0.0.1 fd00::1] id=id-1"],
    ["removePodSandbox", "RemovePodSandbox", "Removed pod default/web: ips=[10.0.0.1 fd00::1] id=id-1"],
  ] as const)("%s is reported after it has been answered", (name, event, words) => {
    const { observer, reports, answered } = observed();
    observer.pod(name, recordOf(web));
    expect(reports).toEqual([]);
    const { id, name: podName, namespace, uid, ips, labels } = web;
    const pod = { id, name: podName, namespace, uid, ips, labels, netns: "/var/run/netns/1" };
    const [report, ...more] = answered();
    expect(more).toEqual([]);
    expect(report?.timeMs).toBe(1);
    expect(report?.pods.map(shown)).toEqual([{ event, pod }]);
    expect(report && sentencesOf(report)).toEqual([words]);
  });

  it.each([
    ["on the host's network", [{ type: "pid", path: "/p" }], ""],
    ["with a network namespace without a path", [{ type: "network" }], ""],
    ["without namespaces", [], null],
  ])("of a pod %s reports that", (_, namespaces, netns) => {
    const { observer, answered } = observed();
    observer.pod("runPodSandbox", recordOf({ id: "x", linux: { namespaces } }));
    observer.pod("runPodSandbox", recordOf({ id: "x" }));
    const [first, second] = answered();
    expect(first?.pods.map(shown)[0]?.pod.netns).toBe(netns);
    expect(second?.pods.map(shown)[0]?.pod.netns).toBeNull();
    expect(first && sentencesOf(first)).toEqual(["Started pod /: namespace=<host-network> ips=[] id=x"]);
  });

  it("Shutdown is reported after it has been answered", () => {
    const { observer, reports, answered } = observed();
    observer.shutdown();
    expect(reports).toEqual([]);
    expect(answered()).toEqual([{ timeMs: 1, sentence: "Runtime shutting down...", pods: [] }]);
  });
});

describe("Synchronize", () => {
  it.each([
    ["at once", 2],
    ["in parts", 1],
  ])("%s reports how many pods and containers there are, and each pod", (_, atOnce) => {
    const { reports, answered, synchronize } = observed();
    const all = [web, { id: "id-2", namespace: "n", name: "p" }];
    for (let at = 0; at < all.length; at += atOnce)
      synchronize(all.slice(at, at + atOnce), at === 0 ? 2 : 1, at + atOnce < all.length);
    expect(reports).toEqual([]);
    const [report, ...more] = answered();
    expect(more).toEqual([]);
    expect(report?.timeMs).toBe(1); // when its first part came
    expect(report && sentencesOf(report)).toEqual([
      `Synchronized state with the runtime (2 pods, ${atOnce === 2 ? 2 : 3} containers)...`,
      "pod default/web: namespace=/var/run/netns/1 ips=[10.0.0.1 fd00::1] id=id-1",
      "pod n/p: namespace=<host-network> ips=[] id=id-2",
    ]);
    expect(report?.pods.map(shown).map(({ event, pod }) => [event, pod.id])).toEqual([
      ["Synchronize", "id-1"],
      ["Synchronize", "id-2"],
    ]);
  });

  it("reports that there are no pods", () => {
    const { answered, synchronize } = observed();
    synchronize([]);
    const sentence = "Synchronized state with the runtime (0 pods, 0 containers)...";
    expect(answered()).toEqual([{ timeMs: 1, sentence, pods: [] }]);
  });

  it("reports a pod with changed facts as present, and the new facts when it has vanished", () => {
    const { observer, answered, synchronize } = observed();
    const ips = ["10.0.0.2"];
    const changed = { ...web, uid: "uid-2", ips, labels: { app: "other" }, linux: { namespaces: [] } };
    observer.pod("runPodSandbox", recordOf(web));
    synchronize([{ ...web, ips: ["10.0.0.9"] }]);
    synchronize([changed]);
    const events = answered().flatMap(({ pods }) => pods.map(({ event }) => event));
    expect(events).toEqual(["RunPodSandbox", "Synchronize", "Synchronize"]);
    synchronize([]);
    expect(answered()[0]?.pods.map(shown)).toMatchObject([
      { event: "Vanished", pod: { id: "id-1", uid: "uid-2", ips, netns: null, labels: { app: "other" } } },
    ]);
  });

  it("reports a vanished pod that was started after the last synchronization", () => {
    const { observer, answered, synchronize } = observed();
    synchronize([]);
    observer.pod("runPodSandbox", recordOf(web));
    expect(answered().flatMap(({ pods }) => pods)).toMatchObject([{ event: "RunPodSandbox" }]);
    synchronize([]);
    expect(answered()[0]?.pods.map(shown)).toMatchObject([{ event: "Vanished", pod: { id: "id-1" } }]);
  });

  it("that the end of a connection cuts off keeps the known pods, and reports nothing", () => {
    const { observer, answered, synchronize } = observed();
    synchronize([web]);
    answered();
    synchronize([{ id: "id-3" }], 1, true);
    expect(answered()).toEqual([]);
    observer.reset();
    synchronize([]);
    const [report] = answered();
    expect(report?.sentence).toBe("Synchronized state with the runtime (0 pods, 0 containers)...");
    expect(report?.pods.map(shown)).toMatchObject([{ event: "Vanished", pod: { id: "id-1" } }]);
  });

  it("keeps the known pods over the end of a connection", () => {
    const { observer, answered, synchronize } = observed();
    synchronize([web, { id: "id-2" }]);
    answered();
    observer.reset();
    synchronize([{ id: "id-2" }]);
    const events = answered().flatMap(({ pods }) => pods.map(shown));
    expect(events.map(({ event, pod }) => [event, pod.id])).toEqual([
      ["Synchronize", "id-2"],
      ["Vanished", "id-1"],
    ]);
  });
});

test("the vanished pods are those that were known and are missing at a synchronization", () => {
  const id: fc.Arbitrary<string> = fc.constantFrom("a", "b", "c", "d", "e");
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom("run", "stop", "remove", "cut off"), ids: fc.tuple(id) }),
    fc.record({ kind: fc.constantFrom("synchronize", "in parts"), ids: fc.uniqueArray(id) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const { observer, answered, synchronize } = observed();
      let there = new Set<string>();
      for (const { kind, ids } of steps) {
        const [one = ""] = ids;
        const record = recordOf({ id: one });
        if (kind === "run") observer.pod("runPodSandbox", record);
        if (kind === "run") there.add(one);
        if (kind === "stop") observer.pod("stopPodSandbox", record);
        if (kind === "remove") observer.pod("removePodSandbox", record);
        if (kind === "remove") there.delete(one);
        if (kind === "cut off") {
          synchronize([{ id: one }], 0, true);
          observer.reset();
        }
        if (kind !== "synchronize" && kind !== "in parts") {
          expect(answered()).toHaveLength(kind === "cut off" ? 0 : 1);
          continue;
        }
        if (kind === "synchronize") synchronize(ids.map((known) => ({ id: known })));
        else {
          for (const known of ids) synchronize([{ id: known }], 0, true);
          synchronize([]);
        }
        const events = answered().flatMap(({ pods }) => pods.map(shown));
        const ofKind = (name: string) =>
          events.filter(({ event }) => event === name).map(({ pod }) => pod.id);
        expect(ofKind("Synchronize")).toEqual(ids);
        expect(ofKind("Vanished").sort()).toEqual([...there].filter((known) => !ids.includes(known)).sort());
        there = new Set(ids);
      }
    }),
    { numRuns: 200 },
  );
});

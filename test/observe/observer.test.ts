import { create, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { encode } from "../../src/nri/encode.ts";
import { PodSandboxSchema, SynchronizeRequestSchema } from "../../src/nri/gen/api_pb.js";
import type { Context } from "../../src/nri/handlers.ts";
import { NriError } from "../../src/nri/nri-error.ts";
import { readPart, Synchronization } from "../../src/nri/synchronization.ts";
import { Observer, type ObserverReport } from "../../src/observe/observer.ts";

type PodInit = MessageInitShape<typeof PodSandboxSchema>;

const context: Context = {
  runtime: { name: "", version: "", nriVersion: "", config: "", requestTimeoutMs: 2000 },
  timeoutMs: 2000,
  updateContainers: () => Promise.resolve([]),
};

/** An observer for which the test decides when events are answered. */
function observed() {
  const reports: ObserverReport[] = [];
  const waiting: (() => void)[] = [];
  let now = 0;
  const observer = new Observer({
    now: () => ++now,
    afterAnswer: (act) => void waiting.push(act),
    report: (report) => void reports.push(report),
  });
  const answered = () => {
    now += 1000; // the answer took a second
    for (const act of waiting.splice(0)) act();
    return reports.splice(0);
  };
  return { handlers: observer.handlers, reports, answered };
}

type Handlers = ReturnType<typeof observed>["handlers"];

function podOf(init: PodInit) {
  return create(PodSandboxSchema, init);
}

function synchronizationOf(pods: readonly PodInit[], containers = 0): Synchronization {
  const state = new Synchronization();
  const list = Array.from({ length: containers }, (_, i) => ({ id: `c${i}` }));
  const payload = encode(SynchronizeRequestSchema, { pods: [...pods], containers: list });
  state.deliver(readPart(payload), () => {});
  return state;
}

async function synchronize(handlers: Handlers, pods: readonly PodInit[], containers = 0): Promise<void> {
  await handlers.synchronize(synchronizationOf(pods, containers), context);
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
  ] as const)("%s is reported after it has been answered", (handler, event, words) => {
    const { handlers, reports, answered } = observed();
    expect(handlers[handler](podOf(web), context)).toBeUndefined();
    expect(reports).toEqual([]);
    const { id, name, namespace, uid, ips, labels } = web;
    const pod = { id, name, namespace, uid, ips, labels, netns: "/var/run/netns/1" };
    expect(answered()).toEqual([{ timeMs: 1, sentences: [words], events: [{ event, pod }] }]);
  });

  it.each([
    ["on the host's network", [{ type: "pid", path: "/p" }], ""],
    ["with a network namespace without a path", [{ type: "network" }], ""],
    ["without namespaces", [], null],
  ])("of a pod %s reports that", (_, namespaces, netns) => {
    const { handlers, answered } = observed();
    handlers.runPodSandbox(podOf({ id: "x", linux: { namespaces } }), context);
    handlers.runPodSandbox(podOf({ id: "x" }), context);
    const [first, second] = answered();
    expect(first?.events[0]?.pod.netns).toBe(netns);
    expect(second?.events[0]?.pod.netns).toBeNull();
    expect(first?.sentences).toEqual(["Started pod /: namespace=<host-network> ips=[] id=x"]);
  });
});

describe("Synchronize", () => {
  it("reports how many pods and containers there are, and each pod", async () => {
    const { handlers, reports, answered } = observed();
    await synchronize(handlers, [web, { id: "id-2", namespace: "n", name: "p" }], 3);
    expect(reports).toEqual([]);
    const [report] = answered();
    expect(report?.sentences).toEqual([
      "Synchronized state with the runtime (2 pods, 3 containers)...",
      "pod default/web: namespace=/var/run/netns/1 ips=[10.0.0.1 fd00::1] id=id-1",
      "pod n/p: namespace=<host-network> ips=[] id=id-2",
    ]);
    expect(report?.events.map(({ event, pod }) => [event, pod.id])).toEqual([
      ["Synchronize", "id-1"],
      ["Synchronize", "id-2"],
    ]);
  });

  it("reports that there are no pods", async () => {
    const { handlers, answered } = observed();
    await synchronize(handlers, []);
    const sentences = ["Synchronized state with the runtime (0 pods, 0 containers)..."];
    expect(answered()).toEqual([{ timeMs: 1, sentences, events: [] }]);
  });

  it("reports a pod with changed facts as present, and the new facts when it has vanished", async () => {
    const { handlers, answered } = observed();
    const ips = ["10.0.0.2"];
    const changed = { ...web, uid: "uid-2", ips, labels: { app: "other" }, linux: { namespaces: [] } };
    handlers.runPodSandbox(podOf(web), context);
    await synchronize(handlers, [{ ...web, ips: ["10.0.0.9"] }]);
    await synchronize(handlers, [changed]);
    const events = answered().flatMap((report) => report.events.map(({ event }) => event));
    expect(events).toEqual(["RunPodSandbox", "Synchronize", "Synchronize"]);
    await synchronize(handlers, []);
    expect(answered()[0]?.events).toMatchObject([
      { event: "Vanished", pod: { id: "id-1", uid: "uid-2", ips, netns: null } },
    ]);
  });

  it("reports a vanished pod that was started after the last synchronization", async () => {
    const { handlers, answered } = observed();
    await synchronize(handlers, []);
    handlers.runPodSandbox(podOf(web), context);
    expect(answered().flatMap(({ events }) => events)).toMatchObject([{ event: "RunPodSandbox" }]);
    await synchronize(handlers, []);
    expect(answered()[0]?.events).toMatchObject([{ event: "Vanished", pod: { id: "id-1" } }]);
  });

  it("that fails keeps the known pods", async () => {
    const { handlers, answered } = observed();
    await synchronize(handlers, [web]);
    const broken = new Synchronization();
    broken.fail(new NriError("disconnected", "gone"));
    await expect(handlers.synchronize(broken, context)).rejects.toThrow("gone");
    answered();
    await synchronize(handlers, []);
    expect(answered()[0]?.events.map(({ event }) => event)).toEqual(["Vanished"]);
  });
});

test("the vanished pods are those that were known and are missing at a synchronization", async () => {
  const id: fc.Arbitrary<string> = fc.constantFrom("a", "b", "c", "d", "e");
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom("run", "stop", "remove"), ids: fc.tuple(id) }),
    fc.record({ kind: fc.constant("synchronize"), ids: fc.uniqueArray(id) }),
  );
  const run = fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
    const { handlers, answered } = observed();
    let there = new Set<string>();
    for (const { kind, ids } of steps) {
      const pod = podOf({ id: ids[0] ?? "" });
      if (kind === "run") handlers.runPodSandbox(pod, context);
      if (kind === "run") there.add(pod.id);
      if (kind === "stop") handlers.stopPodSandbox(pod, context);
      if (kind === "remove") handlers.removePodSandbox(pod, context);
      if (kind === "remove") there.delete(pod.id);
      if (kind !== "synchronize") {
        expect(answered()).toHaveLength(1);
        continue;
      }
      await synchronize(
        handlers,
        ids.map((one) => ({ id: one })),
      );
      const events = answered().flatMap((report) => report.events);
      const ofKind = (name: string) => events.filter(({ event }) => event === name).map(({ pod }) => pod.id);
      expect(ofKind("Synchronize")).toEqual(ids);
      expect(ofKind("Vanished").sort()).toEqual([...there].filter((one) => !ids.includes(one)).sort());
      there = new Set(ids);
    }
  });
  await fc.assert(run, { numRuns: 200 });
});

import { describe, expect, test } from "vitest";
import { summarizePod } from "../../src/story/summary.ts";
import { beginLine, endLine, podLine, readLines, tapLine } from "./support.ts";

function summaryOf(...lines: readonly string[]) {
  const { stories } = readLines(lines);
  expect(stories).toHaveLength(1);
  return stories.flatMap(summarizePod);
}

const ADDED = [tapLine("ADD", "pre", { at: 0 }), tapLine("ADD", "post", { at: 88.7 })];
const DELETED = [tapLine("DEL", "post", { at: 300 }), tapLine("DEL", "pre", { at: 516.5 })];
const DELETED_AGAIN = [
  tapLine("DEL", "post", { at: 536, netns: "" }),
  tapLine("DEL", "pre", { at: 575.5, netns: "" }),
];

describe("the state of a pod", () => {
  test("running, with its addresses and how long its ADD took", () => {
    expect(summaryOf(...ADDED)).toEqual([
      {
        ...{ ifname: "eth0", network: "net", state: "running", ips: ["10.1.2.3/24"], delMs: null },
        ...{ addMs: expect.closeTo(88.7, 3), addedAt: Date.UTC(2026, 10, 21, 12) + 88.7, deletedAt: null },
      },
    ]);
  });

  test("adding, as long as there is neither a result nor a DEL", () => {
    expect(summaryOf(tapLine("ADD", "pre", { at: 0 }))).toMatchObject([{ state: "adding", addMs: null }]);
  });

  test("failed: a plugin between the taps failed, and the runtime has cleaned up", () => {
    const lines = [tapLine("ADD", "pre", { at: 0 }), ...DELETED];
    expect(summaryOf(...lines)).toMatchObject([{ state: "failed", ips: [], addMs: null }]);
  });

  test("failed: a wrapped plugin says so", () => {
    const lines = [beginLine("ADD", "calico", { at: 0 }), endLine("ADD", "calico", { at: 5 }, { exit: 1 })];
    expect(summaryOf(...lines)).toMatchObject([{ state: "failed", ips: [] }]);
  });

  test("running again after an ADD that failed", () => {
    const again = [tapLine("ADD", "pre", { at: 900 }), tapLine("ADD", "post", { at: 950 })];
    const lines = [tapLine("ADD", "pre", { at: 0 }), ...again];
    expect(summaryOf(...lines)).toMatchObject([{ state: "running", addMs: expect.closeTo(50, 3) }]);
  });

  test("stopped after the DEL with a namespace, removed after the one without", () => {
    expect(summaryOf(...ADDED, ...DELETED)).toMatchObject([
      { state: "stopped", delMs: expect.closeTo(216.5, 3) },
    ]);
    const [removed] = summaryOf(...ADDED, ...DELETED, ...DELETED_AGAIN);
    expect(removed).toMatchObject({ state: "removed", delMs: expect.closeTo(216.5, 3) });
    expect(removed?.deletedAt).toBeCloseTo(Date.UTC(2026, 10, 21, 12) + 575.5, 3);
  });

  test("removed, vanished, untapped and on the host's network, as the observer tells", () => {
    expect(summaryOf(...ADDED, podLine("RemovePodSandbox", { at: 600 }))).toMatchObject([
      { state: "removed" },
    ]);
    expect(summaryOf(...ADDED, podLine("Vanished", { at: 600 }))).toMatchObject([{ state: "vanished" }]);
    const run = podLine("RunPodSandbox", { at: 100 });
    expect(summaryOf(run)).toMatchObject([{ state: "untapped", ips: ["10.1.2.3"] }]);
    expect(summaryOf(podLine("RunPodSandbox", { at: 100, netns: "" }, []))).toMatchObject([
      { state: "hostNetwork", ips: [] },
    ]);
  });

  test("one for each of a pod's networks", () => {
    const second = { ifname: "net1", network: "storage" };
    const lines = [
      ...ADDED,
      tapLine("ADD", "pre", { at: 90, ...second }),
      tapLine("ADD", "post", { at: 95, ...second }),
    ];
    expect(summaryOf(...lines)).toMatchObject([{ ifname: "eth0" }, { ifname: "net1", network: "storage" }]);
  });
});

describe("the time of a wrapped chain", () => {
  test("is from the first plugin's start to the last one's end, delegates aside", () => {
    const lines = [
      beginLine("ADD", "bridge", { at: 0, pid: 1 }),
      beginLine("ADD", "host-local", { at: 15, pid: 2 }),
      endLine(
        "ADD",
        "host-local",
        { at: 19, pid: 2 },
        { ms: 4, output: { ips: [{ address: "10.9.9.9/24" }] } },
      ),
      endLine("ADD", "bridge", { at: 21, pid: 1 }, { ms: 21 }),
      beginLine("ADD", "portmap", { at: 22, pid: 3 }),
      endLine("ADD", "portmap", { at: 30, pid: 3 }, { ms: 8 }),
    ];
    expect(summaryOf(...lines)).toMatchObject([
      { state: "running", addMs: expect.closeTo(30, 3), ips: ["10.1.2.3/24"] },
    ]);
  });

  test("is not known while a plugin has not ended", () => {
    const lines = [beginLine("ADD", "bridge", { at: 0, pid: 1 })];
    expect(summaryOf(...lines)).toMatchObject([{ state: "adding", addMs: null }]);
  });
});

test("the classic format tells neither times nor interfaces, but all the rest", () => {
  const start = "CNI_COMMAND=ADD,CNI_CONTAINERID=c1,";
  const result = '{"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24"}]}';
  const lines = [`${start}input={"name":"net"}`, `${start}output=${result}`];
  const running = { state: "running", ips: ["10.1.2.3/24"], network: "net", ifname: null, addMs: null };
  expect(summaryOf(...lines)).toMatchObject([running]);
  const del = 'CNI_COMMAND=DEL,CNI_CONTAINERID=c1,input={"name":"net"}';
  expect(summaryOf(...lines, del)).toMatchObject([{ state: "stopped" }]);
});

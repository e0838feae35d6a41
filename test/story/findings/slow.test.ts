import { describe, expect, test } from "vitest";
import { podLine, tapLine } from "../support.ts";
import { findingsOf, later, wrapped } from "./support.ts";

const START = 1_000;

/** ADDs of so many pods, one after another, with the time that each takes. */
function adds(times: readonly number[]): string[] {
  return times.flatMap((ms, at) => {
    const about = { at: START + at * 10_000, id: `c${at}`, pod: `default/web-${at}` };
    return [tapLine("ADD", "pre", about), tapLine("ADD", "post", { ...about, at: about.at + ms })];
  });
}

const usual = (count: number) => Array.from({ length: count }, (_, at) => 50 + (at % 10));

describe("slow", () => {
  test("a call that took much longer than the others of its network and command", () => {
    const [found, ...more] = findingsOf("slow", adds([...usual(110), 900]));
    expect(more).toEqual([]);
    expect(found).toMatchObject({ severity: "warning", name: "web-110", plugin: null, lines: [221, 222] });
    expect(found?.sentence).toBe(
      "The ADD of default/web-110 in network net took 900 ms, where half of them take at most 55 ms",
    );
  });

  test("not among few calls, and not less than 500 ms above the median", () => {
    expect(findingsOf("slow", adds([...usual(90), 900]))).toEqual([]);
    expect(findingsOf("slow", adds([...usual(110), 500]))).toEqual([]);
  });

  test("any call beyond --slow", () => {
    expect(findingsOf("slow", adds([20, 21]), { slowMs: 20.5 })).toMatchObject([{ name: "web-1" }]);
    expect(findingsOf("slow", adds([20, 21]))).toEqual([]);
  });

  test("a network that is slow altogether, once", () => {
    const found = findingsOf("slow", adds([1200, 1300, 1400, 1200, 1300]));
    expect(found).toMatchObject([{ containerId: null, network: "net", lines: [1] }]);
    expect(findingsOf("slow", adds([900, 950, 1400, 900, 900]))).toEqual([]);
  });

  test("which plugin took the time, and how many were under way", () => {
    const lines = [
      ...wrapped("ADD", "bridge", { at: 0, pid: 1 }, { ms: 700 }),
      ...wrapped("ADD", "bridge", { at: 100, pid: 2, id: "d2", pod: "default/web-1" }, { ms: 20 }),
    ];
    const [found] = findingsOf("slow", lines, { slowMs: 600 });
    expect(found).toMatchObject({ plugin: "bridge" });
    expect(found?.sentence).toContain("; bridge took 700 ms of it");
    const both = [0, 1].map((n) => wrapped("ADD", "x", { at: n, pid: n, id: `i${n}` }, { ms: 900 }));
    expect(findingsOf("slow", both.flat(), { slowMs: 600 })[1]?.sentence).toContain("with 1 more under way");
  });

  test("of DELs the first alone", () => {
    const about = { at: 0, id: "c1" };
    const first = [tapLine("DEL", "post", about), tapLine("DEL", "pre", { ...about, at: 10 })];
    const second = [
      tapLine("DEL", "post", { ...about, at: 60_000, netns: "" }),
      tapLine("DEL", "pre", { ...about, at: 69_000, netns: "" }),
    ];
    expect(findingsOf("slow", [...first, ...second], { slowMs: 500 })).toEqual([]);
  });
});

describe("untapped", () => {
  const run = (at: number, netns?: string) =>
    podLine("RunPodSandbox", { at, id: "u", pod: "default/u", ...(netns === undefined ? {} : { netns }) });

  test("a pod that runs with a network, and no tap saw its ADD", () => {
    const [found] = findingsOf("untapped", [...later(0), run(2100)]);
    expect(found).toMatchObject({ severity: "warning", containerId: "u", network: null, lines: [3] });
    expect(found?.sentence).toBe("default/u has a network, but no tap saw its ADD");
  });

  test("not in the log's first 2 s, on the host's network, at Synchronize, or in a log without taps", () => {
    expect(findingsOf("untapped", [...later(0), run(1900)])).toEqual([]);
    expect(findingsOf("untapped", [...later(0), run(9000, "")])).toEqual([]);
    expect(findingsOf("untapped", [...later(0), podLine("Synchronize", { at: 9000, id: "u" })])).toEqual([]);
    expect(findingsOf("untapped", [run(9000)])).toEqual([]);
  });
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { summarizePod } from "../../src/story/summary.ts";
import { timelineOf } from "../../src/story/timeline.ts";
import { beginLine, endLine, podLine, readLines, tapLine } from "./support.ts";

const WHOLE = [
  tapLine("ADD", "pre", { at: 0 }),
  tapLine("ADD", "post", { at: 80 }),
  podLine("RunPodSandbox", { at: 100 }),
  podLine("StopPodSandbox", { at: 200 }),
  tapLine("DEL", "post", { at: 210 }),
  tapLine("DEL", "pre", { at: 250 }),
  podLine("RemovePodSandbox", { at: 300 }),
];

test("lines of several pods that come mixed make a story each", () => {
  const other = WHOLE.map((line) => line.replaceAll('"c1"', '"c2"').replaceAll("web-0", "web-1"));
  const mixed = WHOLE.flatMap((line, at) => [other[at] ?? "", line]);
  const { stories } = readLines(mixed);
  expect(stories.map(({ name }) => name).sort()).toEqual(["web-0", "web-1"]);
  for (const story of stories) expect(timelineOf(story)).toHaveLength(WHOLE.length);
});

test("half lines, foreign lines, empty lines and notes are counted, and change nothing", () => {
  const strays = ["", '{"v":1,"time":"2026', "CNI_COMMAND=ADD,CNI", "hello", "env CNI_COMMAND not found"];
  const { stories, strays: counted } = readLines(WHOLE.flatMap((line, at) => [strays[at] ?? "", line]));
  expect(counted).toEqual({ torn: 2, foreign: 1, empty: 3, notes: 1 });
  expect(stories.flatMap(summarizePod)).toMatchObject([{ state: "removed" }]);
});

test("the same event of two observers counts once", () => {
  const run = podLine("RunPodSandbox", { at: 100 });
  const { stories } = readLines([run, podLine("RunPodSandbox", { at: 100.5 })]);
  expect(stories[0]?.events).toHaveLength(1);
});

test("of more stories than may be open, the oldest are closed first, and counted", () => {
  const line = (id: string, at: number) => tapLine("ADD", "pre", { at, id });
  const lines = [line("a", 0), line("b", 1), line("a", 2), line("c", 3), line("d", 4)];
  const { stories, closedEarly } = readLines(lines, { mostOpen: 2 });
  expect(stories.map(({ containerId }) => containerId)).toEqual(["b", "a", "c", "d"]);
  expect(closedEarly).toBe(2);
});

test("requests are kept only where asked for, and only of the pods asked for", () => {
  const other = tapLine("ADD", "pre", { at: 1, id: "c2" });
  const inputs = (options: object) =>
    readLines([...WHOLE, other], options).stories.map(({ attachments }) => attachments[0]?.calls[0]);
  expect(inputs({})).toMatchObject([{ input: null }, { input: null }]);
  expect(inputs({ keepInputs: true, only: new Set(["c1"]) })).toMatchObject([{ input: '{"name":"net"}' }]);
});

test("a plugin's two lines are joined by their process", () => {
  const lines = [
    beginLine("ADD", "calico", { at: 0, pid: 7 }),
    beginLine("ADD", "calico", { at: 1, pid: 8 }),
    endLine("ADD", "calico", { at: 6, pid: 8 }, { ms: 5 }),
    endLine("DEL", "calico", { at: 9, pid: 9 }, { ms: 2 }),
  ];
  const calls = readLines(lines).stories[0]?.attachments[0]?.calls;
  expect(calls).toMatchObject([
    { pid: 7, end: null },
    { pid: 8, end: { ms: 5, exit: 0 } },
    { pid: 9, line: 4, end: { ms: 2 } },
  ]);
});

test("any lines, cut and mixed, make stories that can be summed up", () => {
  const lines = [
    ...WHOLE,
    beginLine("ADD", "calico", { at: 3 }),
    endLine("ADD", "calico", { at: 8 }, { signal: 9 }),
  ];
  const classic = [
    "CNI_COMMAND=ADD,CNI_CONTAINERID=c1,input={}",
    "CNI_COMMAND=DEL,CNI_CONTAINERID=c1,input=[1]",
  ];
  const any = fc.oneof(
    fc.constantFrom(...lines, ...classic),
    fc.tuple(fc.constantFrom(...lines), fc.nat(400)).map(([line, at]) => line.slice(0, at)),
    fc.string({ unit: "binary" }).map((text) => text.replaceAll("\n", "")),
  );
  fc.assert(
    fc.property(fc.array(any, { maxLength: 30 }), (log) => {
      for (const story of readLines(log, { keepInputs: true }).stories) {
        expect(summarizePod(story).length).toBeGreaterThan(0);
        timelineOf(story);
      }
    }),
  );
});

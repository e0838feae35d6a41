import { expect, test } from "vitest";
import { changeOf } from "../../src/story/change.ts";
import { timelineOf } from "../../src/story/timeline.ts";
import { beginLine, endLine, podLine, RESULT, readLines, tapLine } from "./support.ts";

function momentsOf(...lines: readonly string[]) {
  return readLines(lines, { keepInputs: true }).stories.flatMap(timelineOf);
}

test("a timeline is in the order of time, not in that of the log", () => {
  const lines = [
    podLine("RunPodSandbox", { at: 100 }),
    tapLine("ADD", "post", { at: 80 }),
    tapLine("ADD", "pre", { at: 0 }),
  ];
  expect(momentsOf(...lines).map(({ title }) => title)).toEqual([
    "ADD begins (cni_pre)",
    "ADD has ended (cni_post)",
    "NRI RunPodSandbox",
  ]);
});

test("a failed plugin's words are there: its error object, and its standard error", () => {
  const error = { code: 11, msg: "no addresses", details: "pool is full" };
  const ended = { exit: 1, ms: 3.21, stderr: "dial tcp\nrefused\n", output: error };
  const moments = momentsOf(
    beginLine("ADD", "calico", { at: 0 }),
    endLine("ADD", "calico", { at: 4 }, ended),
  );
  expect(moments).toMatchObject([
    { title: "ADD calico", bad: false, depth: 0 },
    {
      title: "ADD calico: failed, exit 1 after 3.2 ms",
      bad: true,
      notes: ["code 11: no addresses: pool is full", "stderr: dial tcp", "stderr: refused"],
    },
  ]);
});

test("a signal, and a call without an end", () => {
  const lines = [
    beginLine("ADD", "calico", { at: 0, pid: 1 }),
    endLine("ADD", "calico", { at: 4, pid: 1 }, { signal: 9, output: null }),
    beginLine("DEL", "calico", { at: 9, pid: 2 }),
  ];
  expect(momentsOf(...lines).map(({ title, notes }) => [title, ...notes])).toEqual([
    ["ADD calico"],
    ["ADD calico: failed, signal 9 after 5.0 ms"],
    ["DEL calico", "no end in the log: killed, or still running"],
  ]);
});

test("what a plugin has changed of the result before it", () => {
  const prevResult = { ...RESULT, routes: [{ dst: "0.0.0.0/0" }] };
  const output = {
    ...RESULT,
    interfaces: [...RESULT.interfaces, { name: "host0" }],
    dns: { nameservers: ["10.0.0.10"] },
  };
  const lines = [
    beginLine("ADD", "x", { at: 0 }, { prevResult }),
    endLine("ADD", "x", { at: 5 }, { output }),
  ];
  expect(momentsOf(...lines)[1]?.notes).toEqual([
    "+ interface host0, nameserver 10.0.0.10",
    "- route 0.0.0.0/0",
  ]);
});

test("a delegate's call is inside its caller's", () => {
  const lines = [
    beginLine("ADD", "bridge", { at: 0, pid: 1 }),
    beginLine("ADD", "host-local", { at: 1, pid: 2 }),
    endLine("ADD", "host-local", { at: 2, pid: 2 }),
    endLine("ADD", "bridge", { at: 3, pid: 1 }),
  ];
  expect(momentsOf(...lines).map(({ depth }) => depth)).toEqual([0, 1, 1, 0]);
});

test.each([
  [null, null, [], []],
  [{ ips: "no list", interfaces: [7, null] }, { routes: [{}] }, ["route ?"], []],
  [
    {
      routes: [
        { dst: "a", gw: "b" },
        { dst: "a", gw: "b" },
      ],
    },
    { routes: [{ dst: "a", gw: "b" }] },
    [],
    ["route a via b"],
  ],
  [[], "text", [], []],
])("changeOf(%j, %j)", (before, after, added, removed) => {
  expect(changeOf(before, after)).toEqual({ added, removed });
});

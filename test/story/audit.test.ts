import fc from "fast-check";
import { expect, test } from "vitest";
import { CODES } from "../../src/story/findings/codes.ts";
import { auditLines, chain, wrapped } from "./findings/support.ts";
import { podLine } from "./support.ts";

const COMMANDS = ["ADD", "DEL", "CHECK"] as const;
const OUTPUTS = [
  null,
  "text",
  7,
  [],
  { code: 7, msg: "no" },
  { ips: "x", interfaces: [null, { name: 3 }], routes: [{}] },
  { cniVersion: "1.0.0", ips: [{ address: "::ffff:1.2.3.4/96", gateway: "x", interface: -1 }, null] },
  { ip4: { ip: "10.0.0.1/8" }, dns: 3 },
];
const INPUTS = [
  {},
  { prevResult: null },
  { prevResult: { ips: [3] }, runtimeConfig: [], delegates: 1 },
  { name: 3 },
];

/** Lines of any kinds about a few pods, networks and plugins, in any order. */
const anyLines = fc.array(
  fc
    .record({
      at: fc.integer({ min: 0, max: 200_000 }),
      id: fc.constantFrom("a", "b"),
      network: fc.constantFrom("net", "b"),
      ifname: fc.constantFrom("eth0", "net1"),
      netns: fc.constantFrom("", "/n"),
      pid: fc.integer({ min: 1, max: 2 }),
      kind: fc.integer({ min: 0, max: 4 }),
      command: fc.constantFrom(...COMMANDS),
      plugin: fc.constantFrom("bridge", "host-local", "multus"),
      output: fc.constantFrom(...OUTPUTS),
      input: fc.constantFrom<object>(...INPUTS),
      exit: fc.integer({ min: 0, max: 1 }),
    })
    .map(({ kind, command, plugin, output, input, exit, ...about }) => {
      const wrap = wrapped(command, plugin, about, { output, exit, stderr: "error\n" }, input);
      const taps = chain(command === "DEL" ? "DEL" : "ADD", about, input);
      const all = [...wrap, ...taps, podLine(about.pid === 1 ? "RunPodSandbox" : "RemovePodSandbox", about)];
      return all[kind] ?? "";
    }),
  { maxLength: 40 },
);

test("any lines are judged, and findings name lines that are there", () => {
  fc.assert(
    fc.property(anyLines, (lines) => {
      for (const { code, lines: found, sentence, advice } of auditLines(lines, { slowMs: 1 }).findings) {
        expect(Object.keys(CODES)).toContain(code);
        for (const line of found) expect(lines[line - 1]).toBeDefined();
        expect(`${sentence}${advice}`).not.toMatch(/undefined|NaN|null|\[object/);
        // Sentences are byte strings.
        for (const char of `${sentence}${advice}`) expect(char.charCodeAt(0)).toBeLessThan(256);
      }
    }),
    { numRuns: 500 },
  );
});

test("findings come in the order of CODES, then in that of the log", () => {
  const failed = { exit: 1, output: { code: 1, msg: "no" } };
  const two = [1, 2].flatMap((n) => [
    ...wrapped("ADD", "x", { at: n, id: `s${n}`, pid: n }, { signal: 9, output: null }),
    ...wrapped("ADD", "x", { at: n, id: `f${n}`, pid: n }, failed),
  ]);
  const { findings } = auditLines(two);
  expect(findings.map(({ code, lines }) => [code, lines[0]])).toEqual([
    ["add-failed", 3],
    ["add-failed", 7],
    ["plugin-died", 1],
    ["plugin-died", 5],
  ]);
});

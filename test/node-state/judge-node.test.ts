import { expect, test } from "vitest";
import { missingNodeCodes, NODE_CODES } from "../../src/node-state/findings/codes.ts";
import { judgeNode } from "../../src/node-state/judge-node.ts";
import { Lives } from "../../src/node-state/lives.ts";
import { planRepairs } from "../../src/node-state/repairs.ts";
import { BOOT_MS, cached, directory, idOf, listed, logOf, node, reserved } from "./support.ts";

const log = logOf();

test("a healthy node has no finding, nor has one without pods, or without anything", () => {
  expect(judgeNode([node(1, 2, 3)], log)).toEqual([]);
  expect(judgeNode([node()], log)).toEqual([]);
  const nothing = {
    ...node(),
    pools: [],
    processes: null,
    rules: null,
    hostAddresses: null,
    runtime: null,
    bootMs: null,
  };
  expect(judgeNode([nothing, nothing], log)).toEqual([]);
});

test("what only one of two looks shows is not said: a pod is made, another one ended", () => {
  const [before, after] = [
    { ...node(1), reservations: [directory(reserved(1), reserved(2))] }, // 2 is being made
    { ...node(1, 2), cache: [...node(1, 2).cache, cached(3)] }, // 3 is being ended
  ];
  expect(judgeNode([before], log).map(({ code }) => code)).toEqual(["ipam-stale"]);
  expect(judgeNode([after], log).map(({ code }) => code)).toEqual(["cache-orphan"]);
  expect(judgeNode([before, after], log)).toEqual([]);
});

test("an address that was freed and given again between the looks is another one", () => {
  const look = (n: number) => ({
    ...node(1),
    reservations: [directory(reserved(1), reserved(9, { containerId: idOf(n) }))],
  });
  expect(judgeNode([look(5), look(6)], log)).toEqual([]);
  expect(judgeNode([look(5), look(5)], log)).toHaveLength(1);
});

test("findings come in the order of their codes", () => {
  const facts = {
    ...node(1),
    cache: [cached(1), cached(3), { ...cached(4), problem: "is empty", attachment: null }],
    reservations: [directory(reserved(5, { containerId: null }), reserved(6))],
  };
  const codes = judgeNode([facts, facts], log).map(({ code }) => code);
  expect(codes).toEqual(Object.keys(NODE_CODES).filter((code) => codes.some((one) => one === code)));
  expect(codes).toEqual(["cache-broken", "ipam-empty", "ipam-stale", "cache-orphan"]);
});

test("what could not be looked for is told", () => {
  const blind = {
    ...node(1),
    rules: null,
    runtime: null,
    processes: null,
    namespaces: { mounted: [], there: new Set<string>() },
    hostAddresses: null,
  };
  const missing = missingNodeCodes(blind, new Lives(blind, log));
  expect([...missing.values()].flat().sort()).toEqual(
    [
      "cache-orphan",
      "hostport-missing",
      "hostport-stale",
      "ipam-stale",
      "leak",
      "netns-left",
      "result-host-ip",
    ].sort(),
  );
  expect(missingNodeCodes(node(1), new Lives(node(1), log)).size).toBe(0);
});

test("planRepairs takes what loses nothing, and leaves the rest", () => {
  const facts = {
    ...node(1),
    cache: [cached(1), cached(3), cached(4), { ...cached(8), problem: "is empty", attachment: null }],
    reservations: [
      directory(
        reserved(1),
        reserved(5, { containerId: null }),
        reserved(6),
        reserved(7, { mtimeMs: BOOT_MS - 1 }),
      ),
    ],
    runtime: { name: "containerd", version: "2", pods: [listed(1), listed(4)] }, // ready, and its namespace is gone
  };
  const planned = planRepairs([facts, facts], log);
  expect(planned.map(({ path }) => path.slice(path.lastIndexOf("/") + 1))).toEqual([
    "10.1.2.5",
    "10.1.2.7",
    `net-${idOf(3)}-eth0`,
  ]);
  expect(planned.map(({ lockIn }) => lockIn === null)).toEqual([false, false, true]);
  expect(planRepairs([node(1), facts], log)).toEqual([]);
});

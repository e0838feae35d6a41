import { expect, test } from "vitest";
import { tapLine } from "../../story/support.ts";
import { cached, found, idOf, logOf, netnsOf, node, sentences } from "../support.ts";

const add = [
  tapLine("ADD", "pre", { at: 0, id: idOf(3), pod: "default/web-3", netns: netnsOf(3) }),
  tapLine("ADD", "post", { at: 20, id: idOf(3), pod: "default/web-3", netns: netnsOf(3) }),
];
const del = [
  tapLine("DEL", "post", { at: 900, id: idOf(3), pod: "default/web-3" }),
  tapLine("DEL", "pre", { at: 920, id: idOf(3), pod: "default/web-3" }),
];
const facts = { ...node(1), cache: [...node(1).cache, cached(3)] };

test("leak: the log has an ADD and no DEL, the namespace is gone, and libcni's cache still has it", () => {
  expect(sentences("leak", facts, logOf(...add))).toEqual([
    `No DEL was ever called for default/web-3 of network net, whose network namespace is gone: 10.1.2.3 may be held for good`,
  ]);
  expect(found("leak", facts, logOf(...add))[0]).toMatchObject({
    severity: "error",
    lines: [1, 2],
    name: "web-3",
  });
});

test.each([
  ["a DEL was called", facts, [...add, ...del], 1],
  ["the cache does not have it", node(1), add, 0],
  ["it lives", node(1, 3), add, 0],
  ["the log does not know it", facts, [], 1],
] as const)("no leak: %s", (_, shown, lines, orphans) => {
  expect(found("leak", shown, logOf(...lines), ["cache-orphan"])).toEqual([]);
  expect(found("cache-orphan", shown, logOf(...lines))).toHaveLength(orphans);
});

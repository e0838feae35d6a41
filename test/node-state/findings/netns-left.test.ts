import { expect, test } from "vitest";
import type { NodeFacts } from "../../../src/node-state/facts.ts";
import { tapLine } from "../../story/support.ts";
import { found, idOf, listed, logOf, netnsOf, node, sentences } from "../support.ts";

const healthy = node(1);
const LEFT = netnsOf(7).replace("/var", "");
const withNamespace = (path = LEFT, more: Partial<NodeFacts> = {}): NodeFacts => ({
  ...healthy,
  namespaces: { ...healthy.namespaces, mounted: [...healthy.namespaces.mounted, { path, inode: 7 }] },
  ...more,
});

test("netns-left: nobody's", () => {
  expect(found("netns-left", withNamespace())[0]).toMatchObject({
    severity: "warning",
    sentence: `The network namespace ${LEFT} is no pod's, no process is in it, and no call is under way for it`,
    advice: expect.stringMatching(/^ip netns delete cni-0/),
  });
});

const seen = (more: object) => ({
  processes: { ids: new Set([idOf(1)]), namespaces: new Set<number>([4_026_532_001]), calls: [], ...more },
});
test.each<[string, NodeFacts, string[]]>([
  ["one that was made by hand", withNamespace("/run/netns/blue"), []],
  ["one of Podman", withNamespace("/run/netns/netns-0b0c7b3e-6a3e-7a0e-6f4e-0123456789ab"), []],
  ["a process is in it", withNamespace(LEFT, seen({ namespaces: new Set([7]) })), []],
  [
    "a call is under way for it",
    withNamespace(LEFT, seen({ calls: [{ containerId: idOf(7), netns: netnsOf(7) }] })),
    [],
  ],
  [
    "the runtime names it",
    withNamespace(LEFT, {
      runtime: { name: "cri-o", version: "1", pods: [listed(1), { ...listed(7), netns: LEFT }] },
    }),
    [],
  ],
  ["no runtime answers", withNamespace(LEFT, { runtime: null }), []],
  [
    "the log has an ADD under way",
    withNamespace(),
    [
      tapLine("ADD", "pre", { at: 0, id: idOf(7), netns: netnsOf(7) }),
      tapLine("ADD", "pre", { at: 0, id: "x" }),
      tapLine("ADD", "post", { at: 9, id: "x" }),
    ],
  ],
])("no netns-left: %s", (_, facts, lines) => {
  expect(sentences("netns-left", facts, logOf(...lines))).toEqual([]);
});

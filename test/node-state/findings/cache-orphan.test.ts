import { expect, test } from "vitest";
import { cached, found, idOf, listed, netnsOf, node, sentences } from "../support.ts";

const healthy = node(1, 2);
/** A third attachment, whose pod is gone. */
const orphaned = { ...healthy, cache: [...healthy.cache, cached(3)] };
const SAYS = [
  "libcni's cache still has default/web-3 of network net, which is gone, and 10.1.2.3 may still be taken",
];

test("cache-orphan: its namespace is gone, and the runtime does not know it", () => {
  expect(sentences("cache-orphan", orphaned)).toEqual(SAYS);
  expect(found("cache-orphan", orphaned)[0]).toMatchObject({
    severity: "note",
    containerId: idOf(3),
    files: [cached(3).path],
    advice: expect.stringContaining(`rm ${cached(3).path}`),
  });
});

test("cache-orphan: without any runtime that answers", () => {
  expect(sentences("cache-orphan", { ...orphaned, runtime: null })).toEqual(SAYS);
});

test("cache-orphan: a pod that the runtime takes for ready, and its namespace was unmounted", () => {
  const facts = {
    ...healthy,
    namespaces: { mounted: healthy.namespaces.mounted, there: new Set([netnsOf(1)]) },
  };
  expect(sentences("cache-orphan", facts)).toEqual([
    "The network namespace of default/web-2 of network net is gone, though the runtime takes the pod for ready",
  ]);
});

test.each([
  [
    "its namespace is there",
    { ...orphaned, namespaces: { ...healthy.namespaces, there: new Set([1, 2, 3].map(netnsOf)) } },
  ],
  [
    "it is on its way out: the runtime has stopped it, and removes it later",
    { ...orphaned, runtime: { name: "containerd", version: "2", pods: [listed(1), listed(3, false)] } },
  ],
  [
    "a process holds it",
    {
      ...orphaned,
      processes: { ids: new Set([1, 2, 3].map(idOf)), namespaces: new Set<number>(), calls: [] },
    },
  ],
  [
    "a plugin's call is under way for it",
    {
      ...orphaned,
      processes: {
        ids: new Set([1, 2].map(idOf)),
        namespaces: new Set<number>(),
        calls: [{ containerId: idOf(3), netns: "" }],
      },
    },
  ],
  [
    "no namespace can be seen, and no runtime answers",
    { ...orphaned, namespaces: { mounted: [], there: new Set<string>() }, runtime: null },
  ],
  [
    "nerdctl's container lives",
    {
      ...orphaned,
      cache: [...healthy.cache, cached(3, { containerId: `default-${idOf(3)}`, netns: "/proc/33/ns/net" })],
      processes: { ids: new Set([1, 2, 3].map(idOf)), namespaces: new Set<number>(), calls: [] },
    },
  ],
  [
    "a namespace made by hand is not told",
    { ...orphaned, cache: [...healthy.cache, cached(3, { containerId: "cnitool-77", netns: null })] },
  ],
])("no cache-orphan: %s", (_, facts) => {
  expect(sentences("cache-orphan", facts)).toEqual([]);
});

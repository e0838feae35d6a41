import { expect, test } from "vitest";
import { isReservation, type Reservation, readReservation } from "../../../src/node-state/reservations.ts";
import {
  BOOT_MS,
  cached,
  DIRECTORY,
  directory,
  found,
  idOf,
  node,
  pools,
  reserved,
  sentences,
} from "../support.ts";

const OLD = BOOT_MS - 1;
const healthy = node(1, 2);
const withFiles = (...files: readonly Reservation[]) => ({
  ...healthy,
  reservations: [directory(...(healthy.reservations[0]?.files ?? []), ...files)],
});

test("ipam-empty: files without a byte, in one finding", () => {
  const facts = withFiles(...[5, 6, 7, 8, 9].map((n) => reserved(n, { containerId: null })));
  expect(sentences("ipam-empty", facts)).toEqual([
    "5 addresses of network net are taken by empty files of host-local, which no DEL ever frees: 10.1.2.5, 10.1.2.6, 10.1.2.7 and 2 more",
  ]);
  expect(found("ipam-empty", facts)[0]?.files).toHaveLength(5);
  const one = withFiles(reserved(5, { containerId: null }));
  expect(found("ipam-empty", one)[0]).toMatchObject({
    severity: "error",
    sentence:
      "1 address of network net is taken by empty files of host-local, which no DEL ever frees: 10.1.2.5",
    advice: `cnitap audit --node --repair, or flock -w 5 ${DIRECTORY}/lock rm ${DIRECTORY}/10.1.2.5: nothing is lost.`,
  });
});

test("ipam-stale: pods that are gone, without a cached attachment, or from before the boot", () => {
  const facts = withFiles(reserved(5), reserved(6, { mtimeMs: OLD }), reserved(7, { mtimeMs: OLD }));
  const both = { ...facts, cache: [...facts.cache, cached(7)] };
  expect(sentences("ipam-stale", both, undefined, ["cache-orphan"])).toEqual([
    "3 addresses of 253 of network net are taken by pods that are gone, 2 of them since before the last boot: 10.1.2.5, 10.1.2.6 and 10.1.2.7",
  ]);
  const one = withFiles(reserved(5));
  expect(found("ipam-stale", one)[0]).toMatchObject({
    severity: "warning",
    sentence: "1 address of 253 of network net is taken by a pod that is gone: 10.1.2.5",
    advice: expect.stringMatching(/^flock -w 5 /), // --repair takes only what is older than the boot
  });
});

test.each([
  ["a pod of the runtime", withFiles(reserved(1)), 0],
  [
    "a container of another runtime, such as Podman",
    {
      ...withFiles(reserved(5)),
      processes: { ids: new Set([1, 2, 5].map(idOf)), namespaces: new Set<number>(), calls: [] },
    },
    0,
  ],
  [
    "a pod that is being made",
    {
      ...withFiles(reserved(5)),
      processes: {
        ids: new Set([1, 2].map(idOf)),
        namespaces: new Set<number>(),
        calls: [{ containerId: idOf(5), netns: "" }],
      },
    },
    0,
  ],
  ["an ID that no runtime makes", withFiles(reserved(5, { containerId: "by-hand" })), 0],
  [
    "a leak from after the boot, which libcni's cache tells",
    { ...withFiles(reserved(5)), cache: [...healthy.cache, cached(5)] },
    0,
  ],
  [
    "nothing is known of the runtime's pods",
    { ...withFiles(reserved(5, { mtimeMs: OLD })), runtime: null },
    0,
  ],
  [
    "the node's processes cannot be seen",
    { ...withFiles(reserved(5, { mtimeMs: OLD })), processes: null },
    0,
  ],
  [
    "this process sees others than the node's",
    { ...withFiles(reserved(5)), processes: { ids: new Set<string>(), namespaces: new Set([1]), calls: [] } },
    0,
  ],
])("no ipam-stale: %s", (_, facts, count) => {
  expect(found("ipam-stale", facts, undefined, ["cache-orphan", "ipam-stale"])).toHaveLength(count);
});

test("ipam-full: a range of four addresses, with and without idle ones among them", () => {
  const range = { ranges: [[{ subnet: "10.1.2.0/24", rangeStart: "10.1.2.1", rangeEnd: "10.1.2.5" }]] };
  const live = node(2, 3, 4, 5);
  expect(found("ipam-full", { ...live, pools: pools(range) })[0]).toMatchObject({
    severity: "error",
    sentence: "Network net has no address left in 10.1.2.0/24 from 10.1.2.1 to 10.1.2.5: all 4 are taken",
    advice: expect.stringContaining("/etc/cni/net.d/10-net.conflist a larger range"),
  });
  const idle = {
    ...node(2, 3, 4),
    pools: pools(range),
    reservations: [directory(...[2, 3, 4, 5].map((n) => reserved(n)))],
  };
  expect(sentences("ipam-full", idle, undefined, ["ipam-stale"])).toEqual([
    "Network net has no address left in 10.1.2.0/24 from 10.1.2.1 to 10.1.2.5: all 4 are taken, of which 1 is nobody's",
  ]);
});

test.each([
  ["one address is left", { subnet: "10.1.2.0/29" }, node(2, 3, 4, 5)],
  [
    "the second range of the set has some",
    { ranges: [[{ subnet: "10.1.2.0/29" }, { subnet: "10.9.0.0/24" }]] },
    node(2, 3, 4, 5, 6),
  ],
  ["IPv6", { subnet: "fd00::/64" }, node(2)],
  ["a static IPAM", { type: "static", subnet: "10.1.2.0/29" }, node(2, 3, 4, 5, 6)],
  ["a range that is filled in at run time", { subnet: "usePodCidr" }, node(2, 3)],
  ["a range that host-local refuses", { subnet: "10.1.2.2/32" }, node(2)],
])("no ipam-full: %s", (_, ipam, facts) => {
  expect(sentences("ipam-full", { ...facts, pools: pools(ipam) })).toEqual([]);
});

test("ipam-full: each set of ranges is one of its own, and the gateway is not given", () => {
  const sets = { ranges: [[{ subnet: "10.1.2.0/29" }], [{ subnet: "10.9.0.0/24" }]] };
  const full = { ...node(2, 3, 4, 5, 6), pools: pools(sets) };
  expect(sentences("ipam-full", full)).toEqual([
    expect.stringContaining("no address left in 10.1.2.0/29: all 5"),
  ]);
  const other = { ranges: [[{ subnet: "10.1.2.0/29", gateway: "10.1.2.6" }]] };
  expect(sentences("ipam-full", { ...full, pools: pools(other) })).toEqual([]); // .1 is free now
});

test.each([
  ["lock", false],
  ["last_reserved_ip.0", false],
  ["10.1.2.3", true],
  ["fd00::5", true],
  ["10.1.2.3.bak", false],
  ["", false],
])("isReservation(%j)", (name, expected) => {
  expect(isReservation(name)).toBe(expected);
});

test.each([
  ["abc\r\neth0", { containerId: "abc", ifname: "eth0" }],
  ["abc\neth0\n", { containerId: "abc", ifname: "eth0" }],
  ["abc", { containerId: "abc", ifname: null }],
  ["", { containerId: null, ifname: null }],
  ["abc\r\neth0\r\nmore", null],
  ["\u0000\u0000", null],
  ["../x", null],
])("readReservation(%j)", (text, expected) => {
  const read = readReservation("/d/10.1.2.3", text, 7);
  expect(read).toEqual(expected && { path: "/d/10.1.2.3", address: "10.1.2.3", mtimeMs: 7, ...expected });
});

import { expect, test } from "vitest";
import { poolsOf, rangeOf, sizeOf } from "../../src/node-state/pools.ts";

const list = (...plugins: object[]) => ({ name: "net", plugins });
const brief = (value: unknown, subnetFile: (path: string) => string | null = () => null) =>
  poolsOf(value, "f", subnetFile).map(
    ({ network, dataDir, sets }) =>
      `${network} ${dataDir} ${sets.map((set) => set.map(({ words }) => words).join("+")).join(" ")}`,
  );

test.each<[string, unknown, string[]]>([
  [
    "a plugin's IPAM",
    list({ type: "ptp", ipam: { type: "host-local", subnet: "10.1.0.0/24" } }),
    ["net /var/lib/cni/networks 10.1.0.0/24"],
  ],
  [
    "its own directory",
    list({ type: "ptp", ipam: { type: "host-local", dataDir: "/run/x", subnet: "10.1.0.0/24" } }),
    ["net /run/x 10.1.0.0/24"],
  ],
  [
    "several sets, and a range from an older configuration",
    list({
      type: "ptp",
      ipam: {
        type: "host-local",
        subnet: "10.1.0.0/24",
        ranges: [[{ subnet: "fd00::/64" }, { subnet: "fd01::/64" }]],
      },
    }),
    ["net /var/lib/cni/networks 10.1.0.0/24 fd00::/64+fd01::/64"],
  ],
  [
    "a single plugin",
    { name: "one", type: "macvlan", ipam: { type: "host-local", subnet: "10.2.0.0/24" } },
    ["one /var/lib/cni/networks 10.2.0.0/24"],
  ],
  [
    "Multus' delegates, by their own names",
    list({
      type: "multus",
      delegates: [
        { name: "inner", plugins: [{ type: "bridge", ipam: { type: "host-local", subnet: "10.3.0.0/24" } }] },
      ],
    }),
    ["inner /var/lib/cni/networks 10.3.0.0/24"],
  ],
  ["another IPAM", list({ type: "calico", ipam: { type: "calico-ipam" } }), []],
  [
    "a range that is filled in at run time",
    list({ type: "calico", ipam: { type: "host-local", ranges: [[{ subnet: "usePodCidr" }]] } }),
    [],
  ],
  ["ranges that are none", list({ type: "x", ipam: { type: "host-local", ranges: [5, [], [{}]] } }), []],
  ["no list", null, []],
  ["no name", { plugins: [{ type: "ptp", ipam: { type: "host-local", subnet: "10.1.0.0/24" } }] }, []],
  ["flannel without its daemon's file", list({ type: "flannel" }), []],
])("poolsOf: %s", (_, value, expected) => {
  expect(brief(value)).toEqual(expected);
});

test("flannel's subnets are in its daemon's file, also if it is wrapped", () => {
  const files: Record<string, string> = {
    "/run/flannel/subnet.env":
      "FLANNEL_SUBNET=10.42.3.1/24\nFLANNEL_IPV6_SUBNET=fd42::1/64\nFLANNEL_MTU=1450\n",
    "/x.env": "FLANNEL_SUBNET=10.9.3.1/24\n",
  };
  const read = (path: string) => files[path] ?? null;
  expect(brief(list({ type: "flannel" }), read)).toEqual([
    "net /var/lib/cni/networks 10.42.3.1/24 fd42::1/64",
  ]);
  expect(brief(list({ type: "flannel", subnetFile: "/x.env" }), read)).toEqual([
    "net /var/lib/cni/networks 10.9.3.1/24",
  ]);
  expect(brief(list({ type: "cni_wrap", cniTap: { type: "flannel" } }), read)).toHaveLength(1);
  expect(brief(list({ type: "flannel" }), () => "garbage")).toEqual([]);
});

test.each([
  [{ subnet: "10.1.0.0/24" }, 253n], // without .0, .255 and the gateway .1
  [{ subnet: "10.1.0.0/30" }, 1n],
  [{ subnet: "10.1.0.0/24", gateway: "10.1.0.254" }, 253n],
  [{ subnet: "10.1.0.0/24", rangeStart: "10.1.0.10", rangeEnd: "10.1.0.20" }, 11n],
  [{ subnet: "fd00::/64" }, 2n ** 64n - 2n],
  [{ subnet: "fd00::/126" }, 2n],
  [{ subnet: "10.1.0.0/31" }, null],
  [{ subnet: "10.1.0.0" }, null],
  [{ subnet: "10.1.0.0/24", rangeStart: "10.2.0.1" }, null],
  [{ subnet: "10.1.0.0/24", rangeStart: "10.1.0.9", rangeEnd: "10.1.0.8" }, null],
  [{ subnet: "10.1.0.0/24", gateway: "fd00::1" }, null],
  [{}, null],
])("a range of %j has %s addresses to give", (value, size) => {
  const range = rangeOf(value);
  expect(range && sizeOf(range)).toBe(size);
});

import { expect, test } from "vitest";
import { delegatesOf } from "../../src/conflist/delegates.ts";
import { readNetwork } from "../../src/conflist/network.ts";
import { asByteString } from "../../src/log/byte-string.ts";

const read = (...plugins: object[]) =>
  readNetwork("10-n.conflist", asByteString(JSON.stringify({ name: "n", plugins })));

test.each<[string, object[], string[]]>([
  ["no IPAM", [{ type: "a" }], []],
  ["IPAM", [{ type: "a", ipam: { type: "host-local" } }], ["host-local"]],
  [
    "IPAM of a wrapped plugin",
    [{ type: "cni_wrap", cniTap: { type: "a" }, ipam: { type: "dhcp" } }],
    ["dhcp"],
  ],
  [
    "the delegates of multus, each with its own IPAM, and a list",
    [
      {
        type: "multus",
        delegates: [
          { type: "macvlan", ipam: { type: "whereabouts" } },
          { name: "l", plugins: [{ type: "bridge", ipam: { type: "static" } }, { type: "tuning" }] },
        ],
      },
    ],
    ["bridge", "macvlan", "static", "tuning", "whereabouts"],
  ],
  ["flannel's delegate", [{ type: "flannel", delegate: { type: "ptp" } }], ["ptp"]],
  ["flannel's default delegate", [{ type: "flannel", delegate: { hairpinMode: true } }], ["bridge"]],
  [
    "other members with a type",
    [{ type: "calico", policy: { type: "k8s" }, ipam: 5, delegates: [null] }],
    [],
  ],
  [
    "names that are no executables'",
    [{ type: "a", delegates: ["../x", "a/b", ".", "", "cni_wrap", "-rf"].map((type) => ({ type })) }],
    [],
  ],
])("delegatesOf a list with %s", (_, plugins, names) => {
  expect(delegatesOf(read(...plugins))).toEqual(names);
});

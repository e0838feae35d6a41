import { expect, test } from "vitest";
import { hazardOf, soughtPlugins } from "../../src/conflist/hazards.ts";
import { readNetwork } from "../../src/conflist/network.ts";
import { asByteString } from "../../src/log/byte-string.ts";

const read = (...plugins: object[]) =>
  readNetwork("10-n.conflist", asByteString(JSON.stringify({ name: "n", plugins })));
const hazardIn = (...plugins: object[]) => hazardOf(read(...plugins))?.plugin ?? null;
const pre = { type: "cni_pre" };

test.each<[string, object[], string | null]>([
  ["cilium-cni", [{ type: "cilium-cni" }], "cilium-cni"],
  ["cilium-cni with an empty mode", [{ type: "cilium-cni", "chaining-mode": "" }], "cilium-cni"],
  ["cilium-cni with the mode none", [{ type: "cilium-cni", "chaining-mode": "none" }], "cilium-cni"],
  ["cilium-cni in a chain", [{ type: "cilium-cni", "chaining-mode": "aws-cni" }], null],
  ["cilium-cni after another plugin", [{ type: "aws-cni" }, { type: "cilium-cni" }], null],
  ["cilium-cni after a tap", [pre, { type: "cilium-cni" }], "cilium-cni"],
  ["ipvlan", [{ type: "ipvlan" }], "ipvlan"],
  ["ipvlan with an empty master", [{ type: "ipvlan", master: "" }], "ipvlan"],
  ["ipvlan after a tap", [pre, { type: "ipvlan" }, { type: "cni_post" }], "ipvlan"],
  ["ipvlan with a master", [{ type: "ipvlan", master: "eth0" }], null],
  [
    "cilium-cni in a wrapper",
    [{ type: "cni_wrap", cniTap: { type: "cilium-cni" } }, { type: "a" }],
    "cilium-cni",
  ],
  [
    "ipvlan in a wrapper, with a master",
    [{ type: "cni_wrap", cniTap: { type: "ipvlan" }, master: "m" }],
    null,
  ],
  ["only taps", [pre], null],
  ["bridge", [{ type: "bridge" }], null],
])("hazardOf judges %s", (_, plugins, hazard) => {
  expect(hazardIn(...plugins)).toBe(hazard);
});

test.each<[string, object[], string[]]>([
  [
    "istio-cni and linkerd-cni",
    [{ type: "istio-cni" }, { type: "linkerd-cni" }],
    ["istio-cni", "linkerd-cni"],
  ],
  ["a wrapped istio-cni", [{ type: "cni_wrap", cniTap: { type: "istio-cni" } }], ["istio-cni"]],
  ["cilium-cni in a chain", [{ type: "cilium-cni", "chaining-mode": "generic-veth" }], ["cilium-cni"]],
  ["cilium-cni alone", [{ type: "cilium-cni" }], []],
  ["calico", [{ type: "calico" }, { type: "cni_wrap" }], []],
])("soughtPlugins finds %s", (_, plugins, types) => {
  expect(soughtPlugins(read(...plugins)).map(({ plugin }) => plugin)).toEqual(types);
});

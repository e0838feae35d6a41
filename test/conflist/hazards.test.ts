import { expect, test } from "vitest";
import { hazardOf } from "../../src/conflist/hazards.ts";
import { readNetwork } from "../../src/conflist/network.ts";
import { asByteString } from "../../src/log/byte-string.ts";

const hazardIn = (...plugins: object[]) =>
  hazardOf(readNetwork("10-n.conflist", asByteString(JSON.stringify({ name: "n", plugins }))))?.plugin ??
  null;
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
  ["only taps", [pre], null],
  ["bridge", [{ type: "bridge" }], null],
])("hazardOf judges %s", (_, plugins, hazard) => {
  expect(hazardIn(...plugins)).toBe(hazard);
});

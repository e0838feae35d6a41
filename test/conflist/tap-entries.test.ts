import { expect, test } from "vitest";
import { readNetwork } from "../../src/conflist/network.ts";
import { declaredCapabilities, modeOf, neededTypes, tapStanzas } from "../../src/conflist/tap-entries.ts";
import { asByteString } from "../../src/log/byte-string.ts";

const read = (...plugins: object[]) =>
  readNetwork("10-n.conflist", asByteString(JSON.stringify({ name: "n", plugins })));

test("declaredCapabilities returns those that are true, of all plugins except the taps", () => {
  const network = read(
    { type: "cni_pre", capabilities: { old: true } },
    { type: "a", capabilities: { portMappings: true, bandwidth: false, ips: "true" } },
    { type: "b", capabilities: null },
    { type: "c", capabilities: { mac: true, bandwidth: 1 } },
    { type: "cni_post", capabilities: { old: true } },
  );
  expect(declaredCapabilities(network)).toEqual({ portMappings: true, mac: true });
});

test.each([
  [["a"], "none"],
  [["cni_pre", "a"], "pre"],
  [["a", "cni_post"], "post"],
  [["cni_post", "a", "cni_pre"], "both"],
  [["a", "cni_wrap"], "wrap"],
  [["cni_pre", "cni_wrap", "cni_post"], "wrap"],
])("the mode of %j is %s", (types, mode) => {
  expect(modeOf(read(...types.map((type) => ({ type }))))).toBe(mode);
});

test("neededTypes and tapStanzas look into wrappers", () => {
  const network = read(
    { type: "cni_pre", label: "x" },
    { type: "cni_wrap", cniTap: { type: "a", delegates: true } },
    { type: "cni_wrap", cniTap: 5 },
    { type: "b", cniTap: { type: "c" } },
  );
  expect(neededTypes(network)).toEqual(["cni_pre", "cni_wrap", "a", "cni_wrap", "b"]);
  expect(tapStanzas(network)).toEqual([
    { type: "cni_pre", label: "x" },
    { type: "a", delegates: true },
  ]);
});

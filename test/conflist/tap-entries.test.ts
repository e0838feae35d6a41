import { expect, test } from "vitest";
import { readNetwork } from "../../src/conflist/network.ts";
import { declaredCapabilities, modeOf } from "../../src/conflist/tap-entries.ts";
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
])("the mode of %j is %s", (types, mode) => {
  expect(modeOf(read(...types.map((type) => ({ type }))))).toBe(mode);
});

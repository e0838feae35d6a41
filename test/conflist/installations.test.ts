import { describe, expect, test } from "vitest";
import {
  encodeInstallations,
  type Installation,
  parseInstallations,
  recordedKeys,
  withInstallation,
} from "../../src/conflist/installations.ts";

const installation: Installation = {
  ...{ confDir: "/c", network: "n", file: "f", mode: "both", binDir: "/b", original: "sha256:0" },
  pre: { label: "é" },
  post: null,
};
const elsewhere = { ...installation, confDir: "/d" };
const other = { ...installation, network: "m" };
const newer = { ...installation, mode: "post" } as const;

test("withInstallation replaces or removes only the network's own part", () => {
  const all = [other, installation, elsewhere];
  expect(withInstallation(all, installation, newer)).toEqual([other, newer, elsewhere]);
  expect(withInstallation([other, elsewhere], installation, newer)).toEqual([other, elsewhere, newer]);
  expect(withInstallation(all, installation, null)).toEqual([other, elsewhere]);
  expect(withInstallation([other], installation, null)).toEqual([other]);
});

describe("parseInstallations", () => {
  test("reads what encodeInstallations has written", () => {
    const wrap = { mode: "wrap", pre: null, wrap: { delegates: true }, only: ["calico"] } as const;
    const all = [installation, { ...other, source: "10-s.conf" }, { ...elsewhere, ...wrap }];
    expect(parseInstallations(encodeInstallations(all))).toEqual(all);
  });

  test("reads missing entries as null", () => {
    const { pre: _, post: __, ...rest } = installation;
    const text = JSON.stringify({ v: 1, networks: [rest] });
    expect(parseInstallations(text)).toEqual([{ ...rest, pre: null, post: null }]);
  });

  test.each([
    ["of another version", { v: 2, networks: [] }],
    ["without networks", { v: 1 }],
    ["with a number in place of a network", { v: 1, networks: [5] }],
    ["with null in place of a network", { v: 1, networks: [null] }],
    ...Object.entries({
      ...{ confDir: undefined, network: undefined, file: undefined, mode: 5, binDir: undefined },
      ...{ original: undefined, pre: "x", post: [], source: 5, wrap: null, only: [5] },
    }).map(([key, value]): [string, unknown] => [
      `with a wrong ${key}`,
      { v: 1, networks: [installation, { ...installation, [key]: value }] },
    ]),
  ])("returns null for a record %s", (_, record) => {
    expect(parseInstallations(JSON.stringify(record))).toBeNull();
  });
});

test("recordedKeys returns the keys of cni_post, else those of cni_pre, else those of the wrappers", () => {
  const [post, wrap] = [{ label: "post" }, { label: "wrap" }];
  expect(recordedKeys({ ...installation, post, wrap })).toBe(post);
  expect(recordedKeys({ ...installation, wrap })).toBe(installation.pre);
  expect(recordedKeys({ ...installation, pre: null, wrap })).toBe(wrap);
  expect(recordedKeys({ ...installation, pre: null })).toBeNull();
});

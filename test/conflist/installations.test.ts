import { describe, expect, test } from "vitest";
import {
  encodeInstallations,
  type Installation,
  parseInstallations,
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

test("a network's part takes the place of its own, and of no other's", () => {
  const all = [other, installation, elsewhere];
  expect(withInstallation(all, installation, newer)).toEqual([other, newer, elsewhere]);
  expect(withInstallation([other, elsewhere], installation, newer)).toEqual([other, elsewhere, newer]);
  expect(withInstallation(all, installation, null)).toEqual([other, elsewhere]);
  expect(withInstallation([other], installation, null)).toEqual([other]);
});

describe("the record", () => {
  test("is read as it was written", () => {
    const all = [installation, { ...other, source: "10-s.conf" }];
    expect(parseInstallations(encodeInstallations(all))).toEqual(all);
  });

  test("may leave out an entry that is none", () => {
    const { pre: _, post: __, ...rest } = installation;
    const text = JSON.stringify({ v: 1, networks: [rest] });
    expect(parseInstallations(text)).toEqual([{ ...rest, pre: null, post: null }]);
  });

  test.each([
    ["of another version", { v: 2, networks: [] }],
    ["without networks", { v: 1 }],
    ["of something else", { v: 1, networks: [5] }],
    ["of nothing", { v: 1, networks: [null] }],
    ...Object.entries({
      ...{ confDir: undefined, network: undefined, file: undefined, mode: 5, binDir: undefined },
      ...{ original: undefined, pre: "x", post: [], source: 5 },
    }).map(([key, value]): [string, unknown] => [
      `with another ${key}`,
      { v: 1, networks: [installation, { ...installation, [key]: value }] },
    ]),
  ])("%s is none", (_, record) => {
    expect(parseInstallations(JSON.stringify(record))).toBeNull();
  });
});

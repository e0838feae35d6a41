import { describe, expect, test } from "vitest";
import {
  encodeRecord,
  type Installation,
  RECORD_PATH,
  readRecord,
  withInstallation,
} from "../../src/machine/installation-record.ts";
import { MachineError } from "../../src/machine/machine-error.ts";
import { Root } from "../../src/machine/root.ts";
import { CALICO, useHost } from "../cli/support/host.ts";

const installation: Installation = {
  ...{ confDir: "/c", network: "n", file: "f", mode: "both", binDir: "/b", original: "sha256:0" },
  pre: { label: "é" },
  post: null,
};
const elsewhere = { ...installation, confDir: "/d" };
const other = { ...installation, network: "m" };
const newer = { ...installation, mode: "post" } as const;

describe("a network's part of the record", () => {
  test("takes the place of its own, and of no other's", () => {
    const all = [other, installation, elsewhere];
    expect(withInstallation(all, installation, newer)).toEqual([other, newer, elsewhere]);
    expect(withInstallation([other, elsewhere], installation, newer)).toEqual([other, elsewhere, newer]);
    expect(withInstallation(all, installation, null)).toEqual([other, elsewhere]);
    expect(withInstallation([other], installation, null)).toEqual([other]);
  });

  test("stays where a network of its name in another folder is installed, and uninstalled", async () => {
    const host = useHost();
    host.write("/else/10-calico.conflist", CALICO);
    await host.cnitap("install");
    await host.cnitap("install", "--conf-dir", "/else", "--mode", "post");
    const record = () => readRecord(new Root(host.root)).map(({ confDir, mode }) => [confDir, mode]);
    expect(record()).toEqual([
      ["/etc/cni/net.d", "both"],
      ["/else", "post"],
    ]);
    await host.cnitap("uninstall", "--conf-dir", "/else");
    expect(record()).toEqual([["/etc/cni/net.d", "both"]]);
  });
});

describe("the record", () => {
  test("is read as it was written, and is none where there is none", () => {
    const host = useHost();
    expect(readRecord(new Root(host.root))).toEqual([]);
    host.write(RECORD_PATH, Buffer.from(encodeRecord([installation, other])));
    expect(readRecord(new Root(host.root))).toEqual([installation, other]);
  });

  test.each([
    ["of another version", { v: 2, networks: [] }],
    ["without networks", { v: 1 }],
    ["of something else", { v: 1, networks: [5] }],
    ["of nothing", { v: 1, networks: [null] }],
    ...["confDir", "network", "file", "mode", "binDir", "original"].map((key): [string, unknown] => [
      `without ${key}`,
      { v: 1, networks: [installation, { ...installation, [key]: undefined }] },
    ]),
  ])("%s is told", (_, record) => {
    const host = useHost();
    host.write(RECORD_PATH, JSON.stringify(record));
    expect(() => readRecord(new Root(host.root))).toThrow(MachineError);
  });

  test("that cannot be read is no record of nothing", () => {
    const host = useHost();
    host.write(`${RECORD_PATH}/x`, "");
    expect(() => readRecord(new Root(host.root))).toThrow("it is a folder");
  });
});

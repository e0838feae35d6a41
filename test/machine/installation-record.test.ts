import { expect, test } from "vitest";
import { RECORD_PATH, readRecord } from "../../src/machine/installation-record.ts";
import { MachineError } from "../../src/machine/machine-error.ts";
import { Root } from "../../src/machine/root.ts";
import { CALICO, useHost } from "../cli/support/host.ts";

test("the record keeps a network's part if one of the same name is installed in another directory", async () => {
  const host = useHost();
  host.write("/else/10-calico.conflist", CALICO);
  const record = () => readRecord(new Root(host.root)).map(({ confDir, mode }) => [confDir, mode]);
  expect(record()).toEqual([]);
  await host.cnitap("install");
  await host.cnitap("install", "--conf-dir", "/else", "--mode", "post");
  expect(record()).toEqual([
    ["/etc/cni/net.d", "both"],
    ["/else", "post"],
  ]);
  await host.cnitap("uninstall", "--conf-dir", "/else");
  expect(record()).toEqual([["/etc/cni/net.d", "both"]]);
});

test("readRecord throws if the record is not cnitap's or cannot be read", () => {
  const host = useHost();
  host.write(RECORD_PATH, '{"v":2}');
  expect(() => readRecord(new Root(host.root))).toThrow(MachineError);
  const folder = useHost();
  folder.write(`${RECORD_PATH}/x`, "");
  expect(() => readRecord(new Root(folder.root))).toThrow("it is a directory");
});

import { mkdirSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { readConfDir, readText } from "../../src/machine/conf-dir.ts";
import { Root } from "../../src/machine/root.ts";
import { useHost } from "../cli/support/host.ts";

const MB = 1 << 20;

test("readConfDir returns the directory's names, its files, and the drop-ins of each network in order", () => {
  const host = useHost({ "b.conflist": "2", "a.conf": "1\xff" });
  for (const name of ["n/20-b.conf", "n/10-a.conf", "n/30-c.conflist", "n/x.conf.bak", ".hidden/1.conf"])
    host.write(`/etc/cni/net.d/${name}`, name);
  host.write("/etc/cni/net.d/README", "");
  mkdirSync(host.path("/etc/cni/net.d/folder.conf"));
  expect(readConfDir(new Root(host.root), "/etc/cni/net.d")).toEqual({
    names: [".hidden", "README", "a.conf", "b.conflist", "folder.conf", "n"],
    files: [
      { file: "a.conf", text: "1\xff" },
      { file: "b.conflist", text: "2" },
    ],
    dropIns: [
      { network: "n", file: "10-a.conf", text: "n/10-a.conf" },
      { network: "n", file: "20-b.conf", text: "n/20-b.conf" },
    ],
  });
});

test("readText reads a file of a megabyte, and returns null for a larger one, a directory or a broken link", () => {
  const host = useHost({ "a.conf": "x".repeat(MB), "b.conf": "x".repeat(MB + 1) });
  symlinkSync("/nowhere", host.path("/etc/cni/net.d/c.conf"));
  expect(readText(host.path("/etc/cni/net.d/a.conf"))?.length).toBe(MB);
  for (const name of ["b.conf", "c.conf", "."])
    expect(readText(host.path(`/etc/cni/net.d/${name}`))).toBeNull();
});

import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  behindLinks,
  executablesOf,
  isLinkFolder,
  LINK_TARGET,
  readLinkFolder,
} from "../../src/machine/link-folder.ts";
import { Root } from "../../src/machine/root.ts";
import { useScratch } from "../support/scratch.ts";

function useBinDir() {
  const { folder, path } = useScratch();
  mkdirSync(path("bin"));
  return { root: new Root(folder), path };
}

test("readLinkFolder tells the wrapper's links, those that lead nowhere, the settings and the rest", () => {
  const { root, path } = useBinDir();
  expect(readLinkFolder(root, "/bin")).toBeNull();
  mkdirSync(path("bin/cni-tap"));
  for (const name of ["host-local", "dhcp"]) symlinkSync(LINK_TARGET, path(`bin/cni-tap/${name}`));
  symlinkSync("../gone", path("bin/cni-tap/other"));
  writeFileSync(path("bin/cni-tap/cni-tap.json"), "{}");
  writeFileSync(path("bin/cni-tap/notes"), "");
  const all = {
    ...{ path: "/bin/cni-tap", links: ["dhcp", "host-local"], settings: "{}" },
    foreign: ["notes", "other"],
  };
  expect(readLinkFolder(root, "/bin")).toEqual({ ...all, dangling: ["dhcp", "host-local", "other"] });
  writeFileSync(path("bin/cni_wrap"), "");
  expect(readLinkFolder(root, "/bin")).toEqual({ ...all, dangling: ["other"] });
});

test("a file in the place of the folder is no folder of links", () => {
  const { root, path } = useBinDir();
  writeFileSync(path("bin/cni-tap"), "");
  expect(readLinkFolder(root, "/bin")).toBeNull();
});

test("executablesOf leaves out directories, hidden files and what is not executable", () => {
  const { root, path } = useBinDir();
  for (const name of ["loopback", "calico", "README.md", ".calico.tmp"])
    writeFileSync(path(`bin/${name}`), "");
  for (const name of ["loopback", "calico", ".calico.tmp"]) chmodSync(path(`bin/${name}`), 0o755);
  mkdirSync(path("bin/cni-tap"));
  symlinkSync("calico", path("bin/calico-ipam"));
  expect(executablesOf(root, "/bin")).toEqual(["calico", "calico-ipam", "loopback"]);
  expect(executablesOf(root, "/nowhere")).toEqual([]);
});

test("a folder of links stands for the directory above it", () => {
  expect([isLinkFolder("/opt/cni/bin"), isLinkFolder("/opt/cni/bin/cni-tap")]).toEqual([false, true]);
  expect(["/opt/cni/bin", "/opt/cni/bin/cni-tap", "/opt/cni/bin/cni-tap/"].map(behindLinks)).toEqual(
    Array(3).fill("/opt/cni/bin"),
  );
});

import { mkdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findBinDirs, findConfDir } from "../../src/machine/directories.ts";
import { Root } from "../../src/machine/root.ts";
import type { Runtime } from "../../src/machine/runtime.ts";
import { useHost } from "../cli/support/host.ts";

const K3S = "/var/lib/rancher/k3s/agent/etc/cni/net.d";
const K3S_BIN = "/var/lib/rancher/k3s/data/cni";
const runtimeWith = (confDir: string, ...binDirs: string[]): Runtime => ({
  ...{ socket: "/s", name: "containerd", version: "2.1.9" },
  cni: { confDir, binDirs, maxConfNum: 1, networks: null, loadStatus: "OK" },
});

describe("the directory of networks", () => {
  test("is the given one, else the runtime's, else the first known one with a network", () => {
    const host = useHost();
    const root = new Root(host.root);
    for (const folder of [K3S, "/named", "/runtime"]) host.write(`${folder}/1.conf`, "{}");
    mkdirSync(host.path("/empty"));
    expect(findConfDir(root, "/named", runtimeWith("/runtime"))).toBe("/named");
    expect(findConfDir(root, "/empty", null)).toBe("/empty");
    expect(findConfDir(root, undefined, runtimeWith("/runtime"))).toBe("/runtime");
    expect(findConfDir(root, undefined, runtimeWith("/empty"))).toBe("/etc/cni/net.d");
    expect(findConfDir(root, undefined, runtimeWith("/nowhere"))).toBe("/etc/cni/net.d");
    expect(findConfDir(root, undefined, { ...runtimeWith("/x"), cni: null })).toBe("/etc/cni/net.d");
    expect(findConfDir(new Root(useHost({}).root), "/etc", null)).toBe("/etc");
    expect(() => findConfDir(root, "/nowhere", null)).toThrow(
      "Cannot find networks: /nowhere is not a directory",
    );
  });

  test("is not one that has only other files", () => {
    const host = useHost({});
    host.write("/etc/cni/net.d/README", "");
    host.write(`${K3S}/1.conflist`, "{");
    expect(findConfDir(new Root(host.root), undefined, null)).toBe(K3S);
  });
});

describe("the directories of plugins", () => {
  test("are the given one, else all of the runtime's, else the first known one with a plugin of the network", () => {
    const host = useHost();
    const root = new Root(host.root);
    host.write(`${K3S_BIN}/flannel`, "");
    expect(findBinDirs(root, "/etc", runtimeWith("/c", "/a", "/b"), [])).toEqual(["/etc"]);
    expect(findBinDirs(root, undefined, runtimeWith("/c", "/a", "/b"), [])).toEqual(["/a", "/b"]);
    expect(findBinDirs(root, undefined, runtimeWith("/c"), ["calico"])).toEqual(["/opt/cni/bin"]);
    expect(findBinDirs(root, undefined, null, ["x", "flannel"])).toEqual([K3S_BIN]);
    expect(findBinDirs(root, undefined, null, ["nowhere"])).toEqual(["/opt/cni/bin"]);
    expect(() => findBinDirs(root, "/nowhere", null, [])).toThrow("/nowhere is not a directory");
    expect(() => findBinDirs(new Root(host.path("/tmp")), undefined, null, [])).toThrow("--bin-dir");
  });

  test("are searched below the host's root, not on this machine", () => {
    const host = useHost({});
    for (const folder of ["/opt/cni/bin", "/usr/lib/cni"]) mkdirSync(host.path(folder), { recursive: true });
    const here = useHost({}).path("/opt/cni/bin"); // a path that exists only on this machine
    expect(findBinDirs(new Root(host.root), undefined, null, [`../../..${here}`, "sh"])).toEqual([
      "/opt/cni/bin",
    ]);
    host.write("/usr/lib/cni/ptp", "");
    expect(findBinDirs(new Root(host.root), undefined, null, ["ptp"])).toEqual(["/usr/lib/cni"]);
  });
});

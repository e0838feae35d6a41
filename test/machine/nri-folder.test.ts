import { expect, test } from "vitest";
import { findNriFolder } from "../../src/machine/nri-folder.ts";
import { Root } from "../../src/machine/root.ts";
import { useHost } from "../cli/support/host.ts";

const CONTAINERD = { name: "containerd", socket: "/run/containerd/containerd.sock" };
const K3S = { name: "containerd", socket: "/run/k3s/containerd/containerd.sock" };
const CRIO = { name: "cri-o", socket: "/var/run/crio/crio.sock" };
const CONFIG = "/etc/containerd/config.toml";
const K3S_CONFIG = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml";
const TABLE = "[plugins.'io.containerd.nri.v1.nri']";

test.each<[string, typeof CONTAINERD | null, Readonly<Record<string, string>>, string]>([
  ["the default", CONTAINERD, {}, "/opt/nri/plugins"],
  ["the default without a runtime", null, {}, "/opt/nri/plugins"],
  ["containerd's", CONTAINERD, { [CONFIG]: `version = 3\n${TABLE}\n  plugin_path = '/a'\n` }, "/a"],
  [
    "k3s'",
    K3S,
    { [CONFIG]: `${TABLE}\nplugin_path = "/a"`, [K3S_CONFIG]: `${TABLE}\nplugin_path="/k"` },
    "/k",
  ],
  [
    "the default, if another table has the key",
    CONTAINERD,
    { [CONFIG]: `${TABLE}\n[x]\nplugin_path = '/a'` },
    "/opt/nri/plugins",
  ],
  [
    "the default, if it is a comment",
    CONTAINERD,
    { [CONFIG]: `${TABLE}\n# plugin_path = '/a'` },
    "/opt/nri/plugins",
  ],
  [
    "the default, if it is no path",
    CONTAINERD,
    { [CONFIG]: `${TABLE}\nplugin_path = 'a'\n\0\xff` },
    "/opt/nri/plugins",
  ],
  [
    "CRI-O's last file",
    CRIO,
    {
      "/etc/crio/crio.conf": '[crio.nri]\nnri_plugin_dir = "/a"\n',
      "/etc/crio/crio.conf.d/10-x.conf": '[crio.nri]\nenable_nri = true\nnri_plugin_dir = "/b"\n',
      [CONFIG]: `${TABLE}\nplugin_path = '/c'`,
    },
    "/b",
  ],
  ["any, if no runtime answers", null, { "/etc/crio/crio.conf": '[crio.nri]\nnri_plugin_dir = "/a"' }, "/a"],
])("the directory of NRI plugins is %s", (_, runtime, files, wanted) => {
  const host = useHost();
  for (const [path, text] of Object.entries(files)) host.write(path, text);
  expect(findNriFolder(new Root(host.root), runtime)).toBe(wanted);
});

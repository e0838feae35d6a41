import { chmodSync, existsSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { asByteString } from "../../../src/log/byte-string.ts";
import { hashOf, readRecord } from "../../../src/machine/installation-record.ts";
import { Root } from "../../../src/machine/root.ts";
import { useContainerd } from "../support/containerd.ts";
import { CALICO, CALICO_PATCHED, useHost } from "../support/host.ts";

const DROP_IN = "/etc/cni/net.d/k8s-pod-network/99-cni_post.conf";
const SINGLE = '{"cniVersion":"1.0.0","name":"s","type":"ptp"}';

describe("install makes a drop-in for containerd 2.1 and newer", () => {
  test.each([
    ["containerd", "v2.1.0", true],
    ["containerd", "2.10.3+unknown", true],
    ["containerd", "v3.0.0-rc.1", true],
    ["containerd", "v2.0.9", false],
    ["containerd", "v1.7.27", false],
    ["containerd", "", false],
    ["cri-o", "2.1.0", false],
  ])("%s %s: %s", async (name, version, made) => {
    const host = useHost();
    await useContainerd(host, { name, version, cniConfig: null });
    const { code, err } = await host.cnitap("install", "--mode", "drop-in");
    expect([code, existsSync(host.path(DROP_IN))]).toEqual(made ? [0, true] : [1, false]);
    if (!made) expect(err).toContain(`and this is ${name} ${version}\nUse --mode post, or --force`);
  });
});

test.each([
  [0, false],
  [1, true],
  [2, false],
])(
  "install makes a list from a single plugin if pods are attached to %i files: %s",
  async (maxConfNum, made) => {
    const host = useHost({ "10-s.conf": SINGLE });
    host.write("/opt/cni/bin/ptp", "", 0o755);
    await useContainerd(host, { maxConfNum });
    const { code, err } = await host.cnitap("install");
    expect(code).toBe(made ? 0 : 1);
    if (!made) expect(err).toContain(`max_conf_num is ${maxConfNum}`);
    expect(existsSync(host.path("/etc/cni/net.d/10-cni-tap-s.conflist"))).toBe(made);
  },
);

test("install replaces only an executable that is not executable", async () => {
  const host = useHost();
  await host.cnitap("install");
  const pre = host.path("/opt/cni/bin/cni_pre");
  const post = statSync(host.path("/opt/cni/bin/cni_post")).ino;
  for (const mode of [0o644, 0o744, 0o750]) {
    chmodSync(pre, mode);
    const { out } = await host.cnitap("install", "--json");
    expect(JSON.parse(out).steps.map(({ path }: { path: string }) => path)).toEqual(["/opt/cni/bin/cni_pre"]);
    expect(statSync(pre).mode & 0o7777).toBe(0o755);
  }
  expect(statSync(host.path("/opt/cni/bin/cni_post")).ino).toBe(post);
});

test("install over taps added by hand makes backup and record of the file without them", async () => {
  const host = useHost({ "10-calico.conflist": CALICO_PATCHED });
  await host.cnitap("install", "--no-capabilities", "--set", "label=x");
  const [installation] = readRecord(new Root(host.root));
  expect(installation).toEqual({
    ...{ confDir: "/etc/cni/net.d", network: "k8s-pod-network", file: "10-calico.conflist", mode: "both" },
    ...{ binDir: "/opt/cni/bin", original: hashOf(asByteString(CALICO)) },
    ...{ pre: { logFormat: "json", label: "x" }, post: { logFormat: "json", label: "x" } },
  });
  expect(host.read("/etc/cni/net.d/.10-calico.conflist.cni-tap-bak")).toBe(CALICO);
  expect((await host.cnitap("uninstall")).out).toContain("the file has its original bytes");
});

test("the record of a list from a single plugin has its source and hash", async () => {
  const host = useHost({ "10-s.conf": SINGLE });
  await host.cnitap("install", "--mode", "post", "--force");
  expect(readRecord(new Root(host.root))).toMatchObject([
    {
      file: "10-cni-tap-s.conflist",
      source: "10-s.conf",
      original: hashOf(asByteString(SINGLE)),
      pre: null,
      mode: "post",
    },
  ]);
});

test("--dry-run shows a new file as a change from /dev/null", async () => {
  const host = useHost({ "10-s.conf": SINGLE });
  const { out } = await host.cnitap("install", "--dry-run", "--force");
  const made = "/etc/cni/net.d/10-cni-tap-s.conflist";
  expect(out).toContain(`write ${made}\n--- /dev/null\n+++ ${made}\n`);
});

test("install writes the executables first and the network last, so that a kill leaves a working network", async () => {
  const host = useHost();
  const { out } = await host.cnitap("install", "--dry-run", "--json");
  const paths: string[] = JSON.parse(out).steps.map(({ path }: { path: string }) => path);
  expect(paths).toEqual([
    "/opt/cni/bin/cni_pre",
    "/opt/cni/bin/cni_post",
    "/tmp/cni.log",
    "/etc/cni/net.d/.10-calico.conflist.cni-tap-bak",
    "/var/lib/cni-tap/wanted.json",
    "/etc/cni/net.d/10-calico.conflist",
  ]);
});

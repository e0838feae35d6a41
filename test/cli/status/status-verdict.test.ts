import { rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { useContainerd } from "../support/containerd.ts";
import { CALICO, CALICO_PATCHED, useHost } from "../support/host.ts";

const list = (name: string, ...types: string[]) =>
  JSON.stringify({ cniVersion: "1.0.0", name, plugins: types.map((type) => ({ type })) });

describe("the exit code of status", () => {
  test("is about the network that pods get, or the one of --network", async () => {
    const host = useHost({ "10-calico.conflist": CALICO, "20-b.conflist": list("b", "ptp", "cni_post") });
    for (const name of ["cni_pre", "cni_post"]) host.write(`/opt/cni/bin/${name}`, "", 0o755);
    const code = async (...args: string[]) => (await host.cnitap("status", ...args)).code;
    expect([await code(), await code("--network", "b")]).toEqual([3, 0]);
    const unknown = await host.cnitap("status", "--network", "c");
    expect(unknown).toEqual({
      ...{ code: 1, out: "", err: "cnitap: Cannot find the network c in /etc/cni/net.d\n" },
    });
    host.write("/etc/cni/net.d/10-calico.conflist", CALICO_PATCHED);
    expect(await code()).toBe(0);
    rmSync(host.path("/opt/cni/bin/cni_pre"));
    expect([await code(), await code("--network", "b")]).toEqual([1, 0]); // b calls only cni_post
  });

  test("is 1 if one of the possible runtimes would load no network", async () => {
    const host = useHost({ "05-broken.conf": "{", "10-calico.conflist": CALICO_PATCHED });
    for (const name of ["cni_pre", "cni_post"]) host.write(`/opt/cni/bin/${name}`, "", 0o755);
    const { code, out } = await host.cnitap("status");
    expect(code).toBe(1);
    expect(out).toContain("containerd loads no network from this directory; cnitap doctor says why");
    expect(out).toContain("k8s-pod-network  10-calico.conflist, pods get it from CRI-O\n");
    expect((await host.cnitap("status", "--network", "k8s-pod-network")).code).toBe(0);
  });
});

test("status shows an executable in the first of the runtime's directories that has it", async () => {
  const host = useHost({ "10-calico.conflist": CALICO_PATCHED });
  rmSync(host.path("/opt/cni/bin/cni_pre"));
  host.write("/second/cni_pre", "", 0o755);
  host.write("/opt/cni/bin/cni_post", "", 0o755);
  host.write("/second/cni_post", "", 0o755);
  await useContainerd(host, { binDirs: ["/opt/cni/bin", "/second"] });
  const { code, out } = await host.cnitap("status", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    runtime: "containerd v2.1.9",
    executables: [{ path: "/second/cni_pre" }, { path: "/opt/cni/bin/cni_post" }],
  });
});

test.each<[string, string[], string | null, string]>([
  ["cni_pre and a drop-in", ["cni_pre", "ptp"], "cni_post", "both"],
  ["only cni_pre", ["cni_pre", "ptp"], null, "pre"],
  ["cni_pre and a drop-in of others", ["cni_pre", "ptp"], "tuning", "pre"],
  ["cni_post twice", ["ptp", "cni_post"], "cni_post", "post"],
  ["only a drop-in of others", ["ptp"], "tuning", "none"],
])("status shows the mode of %s", async (_, types, dropIn, mode) => {
  const host = useHost({ "10-n.conflist": list("n", ...types) });
  if (dropIn) host.write("/etc/cni/net.d/n/1.conf", JSON.stringify({ type: dropIn }));
  const { out } = await host.cnitap("status", "--json");
  const plugins = [...types, ...(dropIn ? [dropIn] : [])];
  expect(JSON.parse(out).networks[0]).toMatchObject({ mode, plugins });
});

import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useContainerd } from "./support/containerd.ts";
import { CALICO, CALICO_FILE, CALICO_PATCHED, useHost } from "./support/host.ts";

const RECORD = "/var/lib/cni-tap/wanted.json";

describe("uninstall", () => {
  test("restores the file's bytes, and leaves the executables", async () => {
    const host = useHost();
    await host.cnitap("install");
    const { code, out } = await host.cnitap("uninstall");
    expect(code).toBe(0);
    expect(out).toContain("the file has its original bytes");
    expect(host.read(CALICO_FILE)).toBe(CALICO);
    expect(readdirSync(host.confDir)).toEqual(["10-calico.conflist"]);
    expect(existsSync(host.path(RECORD))).toBe(false);
    expect(existsSync(host.path("/opt/cni/bin/cni_post"))).toBe(true);
    const again = await host.cnitap("uninstall");
    expect(again).toMatchObject({ code: 0, out: "Nothing to do: no network has taps.\n" });
  });

  test("removes only the taps from a file that others have changed", async () => {
    const host = useHost();
    await host.cnitap("install");
    host.write(CALICO_FILE, host.read(CALICO_FILE).replace('"mtu": 0', '"mtu": 1400'));
    const { out } = await host.cnitap("uninstall");
    expect(out).toContain("others changed the file");
    expect(host.read(CALICO_FILE)).toBe(CALICO.replace('"mtu": 0', '"mtu": 1400'));
  });

  test("needs no record, and removes taps that were added by hand", async () => {
    const host = useHost({ "10-calico.conflist": CALICO_PATCHED });
    const { out } = await host.cnitap("uninstall");
    expect(out).toContain("Uninstalled from the network k8s-pod-network (10-calico.conflist).");
    expect(host.read(CALICO_FILE)).toBe(CALICO);
  });

  test("removes the record if the network's file is missing", async () => {
    const host = useHost();
    await host.cnitap("install");
    rmSync(host.path(CALICO_FILE));
    expect((await host.cnitap("uninstall", "--conf-dir", "/etc/cni/net.d")).code).toBe(0);
    expect(existsSync(host.path(RECORD))).toBe(false);
  });

  test("of one network leaves the other's taps, record and backup", async () => {
    const host = useHost({
      "10-calico.conflist": CALICO,
      "20-b.conflist": CALICO.replace("k8s-pod-network", "b"),
    });
    await host.cnitap("install");
    await host.cnitap("install", "--network", "b");
    await host.cnitap("uninstall", "--network", "b");
    expect(host.read(CALICO_FILE)).toBe(CALICO_PATCHED);
    expect(JSON.parse(host.read(RECORD)).networks.map(({ network }: { network: string }) => network)).toEqual(
      ["k8s-pod-network"],
    );
    expect(readdirSync(host.confDir).sort()).toEqual([
      ".10-calico.conflist.cni-tap-bak",
      "10-calico.conflist",
      "20-b.conflist",
    ]);
    expect((await host.cnitap("uninstall", "--network", "k8s-pod-network", "--purge")).code).toBe(0);
    expect(existsSync(host.path("/opt/cni/bin/cni_post"))).toBe(false);
  });

  test("refuses to leave a list without a plugin", async () => {
    const text = '{"name":"n","plugins":[{"type":"cni_pre"},{"type":"cni_post"}]}';
    const host = useHost({ "10-n.conflist": text });
    const { code, err } = await host.cnitap("uninstall");
    expect(code).toBe(1);
    expect(err).toContain("no plugin would be left");
    expect(host.read("/etc/cni/net.d/10-n.conflist")).toBe(text);
  });

  test("without --network does not touch a list with only taps if there is another network", async () => {
    const host = useHost({
      "10-calico.conflist": CALICO,
      "99-n.conflist": '{"name":"n","plugins":[{"type":"cni_pre"}]}',
    });
    await host.cnitap("install");
    expect((await host.cnitap("uninstall")).code).toBe(0);
    expect(host.read(CALICO_FILE)).toBe(CALICO);
    expect((await host.cnitap("uninstall", "--network", "n")).code).toBe(1);
  });

  test("removes only the taps from a list that is named like one of cnitap's", async () => {
    const name = "10-cni-tap-mine.conflist";
    const host = useHost({ [name]: CALICO_PATCHED });
    expect((await host.cnitap("uninstall")).code).toBe(0);
    expect(host.read(`/etc/cni/net.d/${name}`)).toBe(CALICO);
  });

  test("does nothing with --dry-run", async () => {
    const host = useHost();
    await host.cnitap("install");
    const { out } = await host.cnitap("uninstall", "--dry-run");
    expect(out).toContain('-      "type": "cni_pre",');
    expect(host.read(CALICO_FILE)).toBe(CALICO_PATCHED);
  });
});

test("uninstall removes the record first and the backup after the network's change", async () => {
  const host = useHost();
  await host.cnitap("install");
  const { out } = await host.cnitap("uninstall", "--purge", "--dry-run", "--json");
  const steps: { kind: string; path: string; diff?: string }[] = JSON.parse(out).steps;
  expect(steps.map(({ path }) => path)).toEqual([
    RECORD,
    CALICO_FILE,
    "/etc/cni/net.d/.10-calico.conflist.cni-tap-bak",
    "/opt/cni/bin/cni_pre",
    "/opt/cni/bin/cni_post",
  ]);
  expect(steps[1]?.diff).toContain(`--- ${CALICO_FILE}\n+++ ${CALICO_FILE}\n`);
});

test("uninstall keeps drop-ins of others of the same network", async () => {
  const host = useHost();
  await host.cnitap("install", "--mode", "drop-in", "--force");
  const others = { "10-tuning.conf": '{"type":"tuning"}', "20-broken.conf": "{" };
  for (const [name, text] of Object.entries(others))
    host.write(`/etc/cni/net.d/k8s-pod-network/${name}`, text);
  const dry = await host.cnitap("uninstall", "--dry-run");
  const dropIn = "/etc/cni/net.d/k8s-pod-network/99-cni_post.conf";
  expect(dry.out).toContain(`remove ${dropIn}\n--- ${dropIn}\n+++ /dev/null\n`);
  expect((await host.cnitap("uninstall")).code).toBe(0);
  expect(readdirSync(join(host.confDir, "k8s-pod-network")).sort()).toEqual(Object.keys(others).sort());
});

test("uninstall reports without a record that others have changed the file", async () => {
  const host = useHost();
  await host.cnitap("install");
  rmSync(host.path(RECORD));
  host.write(CALICO_FILE, host.read(CALICO_FILE).replace('"mtu": 0', '"mtu": 1400'));
  expect((await host.cnitap("uninstall")).out).toContain("others changed the file");
});

describe("--purge", () => {
  test("of one network refuses while another has taps", async () => {
    const host = useHost({
      "10-calico.conflist": CALICO_PATCHED,
      "20-b.conflist": CALICO_PATCHED.replace("k8s-pod-network", "b"),
    });
    await host.cnitap("install");
    const args = ["uninstall", "--network", "b", "--purge"];
    const { code, err } = await host.cnitap(...args);
    expect(code).toBe(1);
    expect(err).toContain("10-calico.conflist still has taps\nUninstall without --network.");
    expect(existsSync(host.path("/opt/cni/bin/cni_post"))).toBe(true);
    expect((await host.cnitap(...args, "--force")).code).toBe(0);
    expect(existsSync(host.path("/opt/cni/bin/cni_post"))).toBe(false);
  });

  test("removes the executables from all of the runtime's directories", async () => {
    const host = useHost();
    await useContainerd(host, { binDirs: ["/opt/cni/bin", "/usr/lib/cni"] });
    await host.cnitap("install");
    host.write("/usr/lib/cni/cni_pre", "of another time", 0o755);
    host.write("/usr/lib/cni/cni_post", "of another time", 0o755);
    host.write("/usr/lib/cni/ptp", "", 0o755);
    expect(await host.cnitap("uninstall", "--purge")).toMatchObject({
      ...{ code: 0, err: "" },
      out: expect.stringContaining("containerd v2.1.9 has loaded it.\n"),
    });
    const taps = (folder: string) => readdirSync(host.path(folder)).filter((name) => name.startsWith("cni_"));
    expect([taps("/opt/cni/bin"), taps("/usr/lib/cni")]).toEqual([[], []]);
    expect(existsSync(host.path("/usr/lib/cni/ptp"))).toBe(true);
  });

  test("removes the executables", async () => {
    const host = useHost();
    await host.cnitap("install");
    const { out } = await host.cnitap("uninstall", "--purge");
    expect(out).toContain("removed /opt/cni/bin/cni_pre");
    expect(existsSync(host.path("/opt/cni/bin/cni_pre"))).toBe(false);
    expect(existsSync(host.path("/opt/cni/bin/calico"))).toBe(true);
  });

  test("refuses while a pod's cached network names the executables", async () => {
    const host = useHost();
    await host.cnitap("install");
    const config = Buffer.from(CALICO_PATCHED, "latin1").toString("base64");
    const cached = JSON.stringify({ kind: "cniCacheV1", config });
    host.write("/var/lib/cni/results/k8s-pod-network-abc-eth0", cached);
    const { code, err } = await host.cnitap("uninstall", "--purge");
    expect(code).toBe(1);
    expect(err).toContain(
      "1 pod was made with them in its list (k8s-pod-network-abc-eth0 in libcni's cache)",
    );
    host.write("/var/lib/cni/results/k8s-pod-network-def-eth0", cached);
    expect((await host.cnitap("uninstall", "--purge")).err).toContain(
      "2 pods were made with them in their lists (the first:",
    );
    expect(host.read(CALICO_FILE)).toBe(CALICO_PATCHED);
    expect((await host.cnitap("uninstall", "--purge", "--force")).code).toBe(0);
    expect(existsSync(host.path("/opt/cni/bin/cni_post"))).toBe(false);
  });

  test.each([
    ["empty", ""],
    ["broken", "{"],
    ["without a list", '{"kind":"cniCacheV1"}'],
    ["with an invalid list", '{"kind":"cniCacheV1","config":"e30x"}'],
  ])("refuses while a file of libcni's cache is %s, as its pod may need the executables", async (_, text) => {
    const host = useHost();
    await host.cnitap("install");
    host.write("/var/lib/cni/results/k8s-pod-network-abc-eth0", text);
    const { code, err } = await host.cnitap("uninstall", "--purge");
    expect(code).toBe(1);
    expect(err).toContain(
      "1 file of libcni's cache cannot be read (/var/lib/cni/results/k8s-pod-network-abc-eth0)",
    );
    expect(existsSync(host.path("/opt/cni/bin/cni_post"))).toBe(true);
    expect((await host.cnitap("uninstall", "--purge", "--force")).code).toBe(0);
    expect(existsSync(host.path("/opt/cni/bin/cni_post"))).toBe(false);
  });

  test("ignores cached results of libcni before 0.8 and files of a later kind", async () => {
    const host = useHost();
    await host.cnitap("install");
    host.write("/var/lib/cni/results/old", '{"cniVersion":"0.3.1","ips":[]}');
    host.write("/var/lib/cni/results/new", '{"kind":"cniCacheV2"}');
    expect((await host.cnitap("uninstall", "--purge")).code).toBe(0);
  });
});

test("a record that is not cnitap's is reported and not overwritten", async () => {
  const host = useHost();
  host.write(RECORD, "{");
  for (const command of ["install", "uninstall", "status"]) {
    const { code, err } = await host.cnitap(command);
    expect(code, command).toBe(1);
    expect(err).toContain("it is not what cnitap install writes");
  }
  writeFileSync(join(host.root, RECORD), "");
  expect((await host.cnitap("install")).code).toBe(1);
});

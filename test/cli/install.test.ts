import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tapPath } from "../support/run-tap.ts";
import { CALICO, CALICO_FILE, CALICO_PATCHED, cnitap, type Host, useHost } from "./support/host.ts";

const list = (name: string, ...plugins: object[]) =>
  `${JSON.stringify({ cniVersion: "1.0.0", name, plugins }, null, 2)}\n`;

function types(host: Host, file: string): string[] {
  const { plugins }: { plugins: { type: string }[] } = JSON.parse(host.read(file));
  return plugins.map(({ type }) => type);
}

/** All files of a tree with their times, to see whether any was touched. */
function fingerprint(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const { mtimeMs, ctimeMs, ino, mode, size } = lstatSync(join(directory, name));
      return [name, mtimeMs, ctimeMs, ino, mode, size].join(" ");
    });
}

const capabilities = { portMappings: true, bandwidth: true };

describe("install", () => {
  test("puts executables, log, record and network in place", async () => {
    const host = useHost();
    const { code, out, err } = await host.cnitap("install");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("Installed into the network k8s-pod-network");
    expect(host.read(CALICO_FILE)).toBe(CALICO_PATCHED);
    for (const name of ["cni_pre", "cni_post"]) {
      expect(statSync(host.path(`/opt/cni/bin/${name}`)).mode & 0o7777).toBe(0o755);
    }
    expect(statSync(host.path("/tmp/cni.log")).mode & 0o7777).toBe(0o600);
    expect(statSync(host.path("/var/lib/cni-tap/wanted.json")).mode & 0o7777).toBe(0o600);
    expect(statSync(host.path("/var/lib/cni-tap")).mode & 0o7777).toBe(0o700);
    expect(readdirSync(host.confDir).sort()).toEqual([
      ".10-calico.conflist.cni-tap-bak",
      "10-calico.conflist",
    ]);
    expect(host.read("/etc/cni/net.d/.10-calico.conflist.cni-tap-bak")).toBe(CALICO);
    expect(statSync(join(host.confDir, ".10-calico.conflist.cni-tap-bak")).mode & 0o7777).toBe(0o600);
  });

  test("changes nothing the second time, not even a file's time", async () => {
    const host = useHost();
    await host.cnitap("install");
    const before = fingerprint(host.root);
    const { code, out } = await host.cnitap("install");
    expect(code).toBe(0);
    expect(out).toContain("Nothing to do");
    expect(fingerprint(host.root)).toEqual(before);
  });

  test("--dry-run shows a diff with secrets hidden, and touches nothing", async () => {
    const secret = "s3cr3t-t0ken";
    const host = useHost({ "10-a.conflist": list("a", { type: "bridge", k8s_auth_token: secret }) });
    const before = fingerprint(host.root);
    const { code, out } = await host.cnitap("install", "--dry-run");
    expect(code).toBe(0);
    expect(out).toContain('+      "type": "cni_pre",');
    expect(out).toContain('"k8s_auth_token": "[redacted 14 bytes]"');
    expect(out).not.toContain(secret);
    expect(fingerprint(host.root)).toEqual(before);
    const json = await host.cnitap("install", "--dry-run", "--json");
    expect(json.out).not.toContain(secret);
    expect(JSON.parse(json.out).steps.map(({ kind }: { kind: string }) => kind)).toEqual([
      "binary",
      "binary",
      "log",
      "private",
      "private",
      "config",
    ]);
  });

  test("keeps mode and owner of the network's file", async ({ skip }) => {
    skip(process.getuid?.() !== 0, "only root can give a file to another user");
    const host = useHost();
    chmodSync(host.path(CALICO_FILE), 0o640);
    chownSync(host.path(CALICO_FILE), 1234, 4321);
    await host.cnitap("install");
    const { mode, uid, gid } = statSync(host.path(CALICO_FILE));
    expect({ mode: mode & 0o7777, uid, gid }).toEqual({ mode: 0o640, uid: 1234, gid: 4321 });
  });

  test("makes entries from --mode, --format, --set and --log-file, without default values", async () => {
    const host = useHost();
    const args = ["--mode", "post", "--format", "classic", "--log-file", "/var/log/cni-tap/cni.log"];
    await host.cnitap(
      "install",
      ...args,
      "--set",
      "label=4711",
      "--set",
      "lockTimeoutMs=200",
      "--set",
      "redact=false",
    );
    expect(types(host, CALICO_FILE)).toEqual(["calico", "portmap", "bandwidth", "cni_post"]);
    const post = JSON.parse(host.read(CALICO_FILE)).plugins.at(-1);
    expect(post).toEqual({
      type: "cni_post",
      logFile: "/var/log/cni-tap/cni.log",
      label: "4711",
      redact: false,
      capabilities,
    });
    expect(statSync(host.path("/var/log/cni-tap/cni.log")).mode & 0o7777).toBe(0o600);
    expect(existsSync(host.path("/opt/cni/bin/cni_pre"))).toBe(false);
  });

  test.each([[[]], [["--capabilities"]]])(
    "declares the capabilities of the other plugins with the options %j",
    async (args) => {
      const host = useHost();
      await host.cnitap("install", ...args);
      expect(JSON.parse(host.read(CALICO_FILE)).plugins[0]).toEqual({
        type: "cni_pre",
        logFormat: "json",
        capabilities,
      });
    },
  );

  test("removes declared capabilities with --no-capabilities", async () => {
    const host = useHost();
    await host.cnitap("install");
    await host.cnitap("install", "--no-capabilities");
    expect(JSON.parse(host.read(CALICO_FILE)).plugins[0]).toEqual({ type: "cni_pre", logFormat: "json" });
  });

  test("a log that others can read stays as it is, and the output says so", async () => {
    const host = useHost();
    host.write("/tmp/cni.log", "old\n", 0o644);
    const { code, out } = await host.cnitap("install");
    expect(code).toBe(0);
    expect(out).toContain(
      "/tmp/cni.log was there with mode 644, and others can read it: chmod 600 closes it.\n",
    );
    expect(statSync(host.path("/tmp/cni.log")).mode & 0o7777).toBe(0o644);
    chmodSync(host.path("/tmp/cni.log"), 0o600);
    expect((await host.cnitap("install")).out).not.toContain("was there with mode");
  });

  test("installs other executables with --from", async () => {
    const host = useHost();
    host.write("/else/cni_pre", "#!pre");
    host.write("/else/cni_post", "#!post");
    await host.cnitap("install", "--from", host.path("/else"));
    expect(host.read("/opt/cni/bin/cni_post")).toBe("#!post");
    const { code, err } = await host.cnitap("install", "--from", host.path("/nowhere"));
    expect(code).toBe(1);
    expect(err).toContain("Cannot take cni_pre from");
  });

  test("installs into another network than the first with --network", async () => {
    const host = useHost({
      "10-a.conflist": list("a", { type: "bridge" }),
      "20-b.conflist": list("b", { type: "ptp" }),
    });
    await host.cnitap("install", "--network", "b");
    expect(types(host, "/etc/cni/net.d/10-a.conflist")).toEqual(["bridge"]);
    expect(types(host, "/etc/cni/net.d/20-b.conflist")).toEqual(["cni_pre", "ptp", "cni_post"]);
    const { code, err } = await host.cnitap("install", "--network", "c");
    expect(code).toBe(1);
    expect(err).toContain("Cannot find the network c in /etc/cni/net.d: there is a, b");
  });

  test("replaces the taps of another mode", async () => {
    const host = useHost();
    await host.cnitap("install");
    await host.cnitap("install", "--mode", "drop-in", "--force");
    expect(host.read(CALICO_FILE)).toBe(CALICO);
    expect(JSON.parse(host.read("/etc/cni/net.d/k8s-pod-network/99-cni_post.conf"))).toEqual({
      type: "cni_post",
      logFormat: "json",
      capabilities,
    });
    await host.cnitap("install", "--mode", "post");
    expect(types(host, CALICO_FILE)).toEqual(["calico", "portmap", "bandwidth", "cni_post"]);
    expect(existsSync(host.path("/etc/cni/net.d/k8s-pod-network"))).toBe(false);
  });
});

describe("a single plugin's .conf", () => {
  const single =
    '{\n  "cniVersion": "0.4.0",\n  "name": "ovn-kubernetes",\n  "type": "ovn-k8s-cni-overlay"\n}\n';

  test("is not changed, and a list made from it is read before it", async () => {
    const host = useHost({ "10-ovn.conf": single });
    await host.cnitap("install");
    const made = "/etc/cni/net.d/10-cni-tap-ovn-kubernetes.conflist";
    expect(host.read("/etc/cni/net.d/10-ovn.conf")).toBe(single);
    expect(JSON.parse(host.read(made))).toEqual({
      cniVersion: "0.4.0",
      name: "ovn-kubernetes",
      plugins: [
        { type: "cni_pre", logFormat: "json" },
        JSON.parse(single),
        { type: "cni_post", logFormat: "json" },
      ],
    });
    const before = fingerprint(host.root);
    expect((await host.cnitap("install")).out).toContain("Nothing to do");
    expect(fingerprint(host.root)).toEqual(before);
    expect((await host.cnitap("status")).code).toBe(0);

    host.write("/etc/cni/net.d/10-ovn.conf", single.replace("{", '{"mtu":1400,'));
    await host.cnitap("install");
    expect(JSON.parse(host.read(made)).plugins[1].mtu).toBe(1400);

    await host.cnitap("uninstall");
    expect(readdirSync(host.confDir)).toEqual(["10-ovn.conf"]);
  });
});

test("install replaces a broken list of cnitap's without showing its text", async () => {
  const single = '{"name":"s","type":"ptp"}';
  const host = useHost({ "10-z.conf": single, "10-cni-tap-s.conflist": '{"token": s3cr3t' });
  const args = ["install", "--network", "s"];
  const dry = await host.cnitap(...args, "--dry-run");
  expect(dry.out).toContain("-(broken JSON at line 1, column 11; 16 bytes)");
  expect(dry.out).not.toContain("s3cr3t");
  expect(await host.cnitap(...args, "--json")).toMatchObject({ code: 0, err: "" });
  expect(types(host, "/etc/cni/net.d/10-cni-tap-s.conflist")).toEqual(["cni_pre", "ptp", "cni_post"]);
});

describe("install refuses", () => {
  test.each([
    ["cilium-cni", { type: "cilium-cni" }, "cilium-cni outside chaining mode"],
    ["ipvlan without master", { type: "ipvlan", ipam: { type: "x" } }, "ipvlan without master"],
  ])("cni_pre before %s, and suggests --mode post", async (_, plugin, reason) => {
    const text = list("n", plugin);
    const host = useHost({ "05-n.conflist": text });
    const { code, err, out } = await host.cnitap("install");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("Cannot put cni_pre first into the network n of 05-n.conflist:");
    expect(err).toContain(reason);
    expect(err).toContain("--mode post");
    expect(host.read("/etc/cni/net.d/05-n.conflist")).toBe(text);
    expect((await host.cnitap("install", "--mode", "post")).code).toBe(0);
    expect((await host.cnitap("install", "--force")).code).toBe(0);
    expect(types(host, "/etc/cni/net.d/05-n.conflist")[0]).toBe("cni_pre");
  });

  test.each([
    ["cilium-cni with a chaining mode", { type: "cilium-cni", "chaining-mode": "generic-veth" }],
    ["ipvlan with a master", { type: "ipvlan", master: "eth0" }],
  ])("not %s", async (_, plugin) => {
    const host = useHost({ "05-n.conflist": list("n", plugin) });
    expect((await host.cnitap("install")).code).toBe(0);
  });

  test("a drop-in if no runtime reports that it reads one, and for a single plugin", async () => {
    const host = useHost({
      "05-n.conflist": list("n", { type: "bridge" }),
      "06-s.conf": '{"name":"s","type":"ptp"}',
    });
    const { code, err } = await host.cnitap("install", "--mode", "drop-in");
    expect(code).toBe(1);
    expect(err).toContain("containerd 2.1 or newer");
    const single = await host.cnitap("install", "--mode", "drop-in", "--network", "s", "--force");
    expect(single.err).toContain("a single plugin");
  });

  test("a broken file, and reports line and column without its text", async () => {
    const host = useHost({ "05-n.conflist": '{\n  "etcd_key": "s3cr3t,\n}' });
    const { code, err } = await host.cnitap("install");
    expect(code).toBe(1);
    expect(err).toContain("05-n.conflist: broken JSON at line 2, column 15");
    expect(err).not.toContain("s3cr3t");
  });

  test("to choose if containerd and CRI-O would choose different networks", async () => {
    const host = useHost({ "05-broken.conflist": "{", "10-calico.conflist": CALICO });
    const { code, err } = await host.cnitap("install");
    expect(code).toBe(1);
    expect(err).toContain(
      "containerd would take none, CRI-O would take k8s-pod-network from 10-calico.conflist",
    );
    expect((await host.cnitap("install", "--network", "k8s-pod-network")).code).toBe(0);
  });

  test("if doctor finds an error: a missing plugin of the network", async () => {
    const host = useHost();
    rmSync(host.path("/opt/cni/bin/bandwidth"));
    const { code, err } = await host.cnitap("install");
    expect(code).toBe(1);
    expect(err).toContain("Cannot install: bandwidth is not in /opt/cni/bin\n");
    expect(err).toContain("--force");
    expect(host.read(CALICO_FILE)).toBe(CALICO);
    expect((await host.cnitap("install", "--force")).code).toBe(0);
  });

  test("a file that is a link to another directory", async () => {
    const host = useHost({});
    host.write("/else/10-calico.conflist", CALICO);
    symlinkSync("/else/10-calico.conflist", host.path(CALICO_FILE));
    const { code, err } = await host.cnitap("install", "--conf-dir", "/etc/cni/net.d");
    expect(code).toBe(1);
    expect(err).toContain("the file is a symbolic link");
  });

  test("if there is no network, and says where it has looked", async () => {
    const host = useHost();
    rmSync(host.path(CALICO_FILE));
    const { code, err } = await host.cnitap("install");
    expect(code).toBe(1);
    for (const place of ["/etc/cni/net.d", "k3s", "microk8s", "multus"]) expect(err).toContain(place);
    expect((await host.cnitap("install", "--conf-dir", "/nowhere")).err).toContain(
      "Cannot find networks: /nowhere is not a directory",
    );
  });
});

describe("install finds the directories of", () => {
  test.each([
    ["k3s", "/var/lib/rancher/k3s/agent/etc/cni/net.d", "/var/lib/rancher/k3s/data/cni"],
    ["microk8s", "/var/snap/microk8s/current/args/cni-network", "/var/snap/microk8s/current/opt/cni/bin"],
    ["OpenShift", "/etc/kubernetes/cni/net.d", "/var/lib/cni/bin"],
    ["GKE", "/etc/cni/net.d", "/home/kubernetes/bin"],
    ["Debian", "/etc/cni/net.d", "/usr/lib/cni"],
  ])("%s", async (_, confDir, binDir) => {
    const host = useHost({});
    host.write(join(confDir, "10-calico.conflist"), CALICO);
    for (const type of ["calico", "portmap", "bandwidth"]) host.write(join(binDir, type), "", 0o755);
    const { code, out } = await host.cnitap("install", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ confDir, binDir });
    expect(existsSync(host.path(join(binDir, "cni_post")))).toBe(true);
  });
});

describe("the command line", () => {
  test.each([
    [["install", "--mode", "wrapped"]],
    [["install", "--only", "calico"]],
    [["install", "--mode", "post", "--delegates"]],
    [["install", "--mode", "wrap", "--delegates", "some"]],
    [["install", "--set", "logfile=/x"]],
    [["install", "--set", "lockTimeoutMs=6000"]],
    [["install", "--log-file", "cni.log"]],
    [["install", "--for", "soon"]],
    [["instal"]],
    [["status", "--nothing"]],
  ])("%j is wrong usage", async (args) => {
    const { code, err, out } = await cnitap(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err.length).toBeGreaterThan(10);
  });

  test.each(["install", "uninstall", "status", "doctor"])("%s --help has an example", async (command) => {
    const { code, out } = await cnitap(command, "--help");
    expect(code).toBe(0);
    expect(out).toContain(`$ cnitap ${command}`);
  });
});

test("the installed executables are the built taps", async () => {
  const host = useHost();
  await host.cnitap("install");
  const { out } = await host.cnitap("status", "--json");
  const { executables } = JSON.parse(out);
  expect(executables.map(({ state }: { state: string }) => state)).toEqual(["same", "same"]);
  expect(statSync(tapPath("pre")).size).toBe(statSync(host.path("/opt/cni/bin/cni_pre")).size);
});

test("install refuses a network whose name is invalid in CNI, as it would become a path", async () => {
  const host = useHost({ "10-x.conflist": list("../../tmp/x", { type: "bridge" }) });
  host.write("/etc/cni/tmp/x/99-cni_post.conf", "{}");
  for (const mode of ["both", "drop-in"]) {
    const { code, err } = await host.cnitap("install", "--mode", mode, "--force");
    expect(code).toBe(1);
    expect(err).toContain("the name is not valid in CNI");
  }
  expect(host.read("/etc/cni/tmp/x/99-cni_post.conf")).toBe("{}");
});

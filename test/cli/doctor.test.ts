import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { holdLock } from "../support/hold-lock.ts";
import { CALICO, CALICO_FILE, CALICO_PATCHED, complete, type Host, useHost } from "./support/host.ts";
import { describeInMounts, runInMounts } from "./support/mounts.ts";

interface Found {
  readonly level: "error" | "warning";
  readonly seen: string;
  readonly advice: string;
}

/** The findings of one check; the exit code must agree with the report. */
async function find(host: Host, id: string, ...args: string[]): Promise<Found[]> {
  const { code, out } = await host.cnitap("doctor", "--json", "--conf-dir", "/etc/cni/net.d", ...args);
  const report: { errors: number; checks: { id: string; findings: Found[] }[] } = JSON.parse(out);
  expect(code).toBe(report.errors > 0 ? 3 : 0);
  const check = report.checks.find((one) => one.id === id);
  if (!check) throw new Error(`There is no check ${id}`);
  for (const { seen, advice } of check.findings) expect(seen.length * advice.length).toBeGreaterThan(100);
  return check.findings;
}

const error = (seen: string) =>
  expect.objectContaining({ level: "error", seen: expect.stringContaining(seen) });
const warning = (seen: string) =>
  expect.objectContaining({ level: "warning", seen: expect.stringContaining(seen) });
const list = (name: string, ...types: string[]) =>
  JSON.stringify({ cniVersion: "1.0.0", name, plugins: types.map((type) => ({ type })) });
const asRoot = process.getuid?.() === 0;
const whyRoot = "only root can give a file to another user";

test("an installed node has no error, and each check prints what is fine", async () => {
  const host = complete(useHost());
  await host.cnitap("install");
  const { code, out } = await host.cnitap("doctor");
  expect(code).toBe(0);
  expect(out).toContain("ok       the plugins of the networks are there\n");
  expect(out).not.toContain("error  ");
});

describe("the files that runtimes read", () => {
  test("runtime-file: no network, and one that only CRI-O takes", async () => {
    const host = useHost({ "05-broken.conf": "{", "10-calico.conflist": CALICO });
    expect(await find(host, "runtime-file")).toEqual([
      error("containerd takes no network, CRI-O takes k8s-pod-network from 10-calico.conflist"),
    ]);
    rmSync(host.path(CALICO_FILE));
    expect(await find(host, "runtime-file")).toEqual([
      error("containerd takes no network, CRI-O takes no network"),
    ]);
    rmSync(join(host.confDir, "05-broken.conf"));
    expect(await find(host, "runtime-file")).toEqual([error("there is no network in /etc/cni/net.d")]);
  });

  test("valid-files: broken JSON, by line and column, and files that are not networks", async () => {
    const host = useHost({
      "10-calico.conflist": CALICO,
      "20-b.conflist": '{\n"password": oops}',
      "30-c.conf": list("c", "x"),
    });
    const found = await find(host, "valid-files");
    expect(found).toEqual([
      warning("20-b.conflist: broken JSON at line 2, column 13"),
      warning("30-c.conf: a list of plugins, but runtimes read a file of this ending as one plugin"),
    ]);
    expect(JSON.stringify(found)).not.toContain("oops");
    host.write("/etc/cni/net.d/01-a.conflist", '{"name":"a","plugins":[]}');
    expect(await find(host, "valid-files")).toContainEqual(error("01-a.conflist: it has no plugins"));
  });

  test("valid-files: a broken drop-in of a list", async () => {
    const host = useHost();
    host.write("/etc/cni/net.d/k8s-pod-network/10-x.conf", '{"type": "x",}');
    host.write("/etc/cni/net.d/k8s-pod-network/20-y.conf", '{"type": "calico"}');
    host.write("/etc/cni/net.d/nobodys/10-x.conf", "{");
    expect(await find(host, "valid-files")).toEqual([
      error("k8s-pod-network/10-x.conf: broken JSON at line 1, column 14"),
    ]);
  });

  test("one-network: a second valid file", async () => {
    const host = useHost({ "10-calico.conflist": CALICO, "20-b.conflist": list("b", "calico") });
    expect(await find(host, "one-network")).toEqual([
      warning("there are 2: 10-calico.conflist, 20-b.conflist"),
    ]);
  });

  test("max-conf-num: the value in containerd's configuration", async () => {
    const host = useHost();
    host.write(
      "/etc/containerd/config.toml",
      "[plugins.'io.containerd.cri.v1.runtime'.cni]\n  max_conf_num = 0\n",
    );
    expect(await find(host, "max-conf-num")).toEqual([
      warning("max_conf_num is 0: containerd attaches pods to all files"),
    ]);
  });

  test("backups: a copy that runtimes read, and one that pods get", async () => {
    const host = useHost({
      "10-calico.conflist": CALICO,
      "10-calico-backup.conflist": CALICO,
      "99-old.conf": '{"name":"o","type":"calico"}',
    });
    expect(await find(host, "backups")).toEqual([
      error("10-calico-backup.conflist looks like a copy, and runtimes read it by its ending: pods get it"),
      warning("99-old.conf looks like a copy"),
    ]);
  });

  test("overwritten: a list that was written again, and a single plugin that has changed", async () => {
    const host = useHost();
    await host.cnitap("install");
    host.write(CALICO_FILE, CALICO);
    expect(await find(host, "overwritten")).toEqual([
      error("the taps of the network k8s-pod-network are gone from 10-calico.conflist"),
    ]);
    await host.cnitap("install");
    expect(await find(host, "overwritten")).toEqual([]);

    const single = '{"name":"s","type":"calico"}';
    const other = useHost({ "10-s.conf": single });
    await other.cnitap("install");
    other.write("/etc/cni/net.d/10-s.conf", single.replace("{", '{"mtu":1,'));
    expect(await find(other, "overwritten")).toEqual([
      error("10-s.conf has changed since 10-cni-tap-s.conflist was made from it"),
    ]);
  });

  test("overwritten: a missing drop-in", async () => {
    const host = useHost();
    await host.cnitap("install", "--mode", "drop-in", "--force");
    expect(await find(host, "overwritten")).toEqual([]);
    rmSync(host.path("/etc/cni/net.d/k8s-pod-network"), { recursive: true });
    expect(await find(host, "overwritten")).toEqual([error("gone from k8s-pod-network/99-cni_post.conf")]);
    expect((await host.cnitap("doctor")).out).toContain(
      "Run cnitap install --mode drop-in again, with the same options as before.\n",
    );
  });

  test("edit-lock: held by a command, and left behind by a killed one", async () => {
    const host = useHost();
    const lock = join(host.confDir, ".cni-tap.lock");
    mkdirSync(lock);
    writeFileSync(join(host.confDir, ".cni-tap.lock-owner"), "pid 12 on node-1\n");
    expect(await find(host, "edit-lock")).toEqual([
      warning("pid 12 on node-1 has held the lock of /etc/cni/net.d for 0 s"),
    ]);
    utimesSync(lock, 0, 0);
    expect(await find(host, "edit-lock")).toEqual([warning("it was killed")]);
  });
});

describe("the content of a network", () => {
  test("cni-version: an unknown version", async () => {
    const host = useHost({ "10-n.conflist": list("n", "calico").replace("1.0.0", "7.0.0") });
    expect(await find(host, "cni-version")).toEqual([warning("10-n.conflist has 7.0.0")]);
  });

  test("position: other plugins outside of the taps, and a tap that is there twice", async () => {
    const host = useHost({ "10-n.conflist": list("n", "x", "cni_pre", "calico", "cni_post", "linkerd-cni") });
    expect(await find(host, "position")).toEqual([
      warning("x comes before cni_pre in 10-n.conflist"),
      warning("linkerd-cni comes after cni_post in 10-n.conflist"),
    ]);
    const twice = useHost({ "10-n.conflist": list("n", "cni_pre", "calico", "cni_post", "cni_post") });
    expect(await find(twice, "position")).toEqual([warning("cni_post is there twice")]);
  });

  test("cilium: after cni_pre, and in exclusive mode", async () => {
    const host = useHost({ "05-cilium.conflist": list("cilium", "cni_pre", "cilium-cni", "cni_post") });
    expect(await find(host, "cilium")).toEqual([
      error("cni_pre comes before cilium-cni in 05-cilium.conflist"),
    ]);
    const post = useHost({ "05-cilium.conflist": list("cilium", "cilium-cni", "cni_post") });
    expect(await find(post, "cilium")).toEqual([warning("Cilium in exclusive mode")]);
  });

  test("ipvlan: after cni_pre without a master", async () => {
    const host = useHost({ "10-n.conflist": list("n", "cni_pre", "ipvlan", "cni_post") });
    expect(await find(host, "ipvlan")).toEqual([
      error("cni_pre comes before an ipvlan without master in 10-n.conflist"),
    ]);
  });

  test("plugins, lost-taps: a missing executable, and one that is not executable", async () => {
    const host = useHost();
    await host.cnitap("install");
    rmSync(host.path("/opt/cni/bin/portmap"));
    chmodSync(host.path("/opt/cni/bin/cni_post"), 0o644);
    expect(await find(host, "plugins")).toEqual([error("portmap is not in /opt/cni/bin")]);
    expect(await find(host, "lost-taps")).toEqual([error("/opt/cni/bin/cni_post is not executable")]);
    rmSync(host.path("/opt/cni/bin/cni_post"));
    expect(await find(host, "lost-taps")).toEqual([error("cni_post is not in /opt/cni/bin")]);
    const { out } = await host.cnitap("doctor");
    expect(out).toMatch(/^error {4}cni_post is not in /); // first of all
  });

  test("cached: a missing plugin that running pods need", async () => {
    const host = useHost();
    const config = Buffer.from(CALICO_PATCHED, "latin1").toString("base64");
    host.write(
      "/var/lib/cni/results/k8s-pod-network-abc-eth0",
      JSON.stringify({ kind: "cniCacheV1", config }),
    );
    host.write(
      "/var/lib/cni/results/k8s-pod-network-def-eth0",
      JSON.stringify({ kind: "cniCacheV1", config }),
    );
    expect(await find(host, "cached")).toEqual([
      error("cni_pre is not in /opt/cni/bin, and 2 pods were made with it"),
      error("cni_post is not in /opt/cni/bin, and 2 pods were made with it"),
    ]);
  });
});

describe("libcni's cache", () => {
  const file = "/var/lib/cni/results/k8s-pod-network-abc-eth0";
  const seen = `${file} is empty or broken`;

  test.each(["", "{", '{"kind":"cniCacheV1"}'])(
    "cache-files: %j, which does not stop install",
    async (text) => {
      const host = useHost();
      host.write(file, text);
      expect(await find(host, "cache-files")).toEqual([error(seen)]);
      expect((await host.cnitap("install")).code).toBe(0);
    },
  );

  test("cache-files: no finding for a valid file, or none", async () => {
    const host = useHost();
    expect(await find(host, "cache-files")).toEqual([]);
    host.write(
      file,
      JSON.stringify({ kind: "cniCacheV1", config: Buffer.from(CALICO, "latin1").toString("base64") }),
    );
    expect(await find(host, "cache-files")).toEqual([]);
  });
});

describe("the taps' log and lock", () => {
  const log = "/tmp/cni.log";

  test("log-file: a link, a directory, a FIFO, a second name, and open to others", async () => {
    const host = useHost();
    symlinkSync("/etc/passwd", host.path(log));
    expect(await find(host, "log-file")).toEqual([error("/tmp/cni.log is a symbolic link")]);
    expect(await host.cnitap("install")).toMatchObject({
      code: 1,
      err: expect.stringContaining("is a symbolic link"),
    });
    expect(host.read(CALICO_FILE)).toBe(CALICO);
    rmSync(host.path(log));
    mkdirSync(host.path(log));
    expect(await find(host, "log-file")).toEqual([error("/tmp/cni.log is not a regular file")]);
    rmSync(host.path(log), { recursive: true });
    execFileSync("mkfifo", [host.path(log)]);
    expect(await find(host, "log-file")).toEqual([error("/tmp/cni.log is not a regular file")]);
    rmSync(host.path(log));
    host.write(log, "", 0o600);
    linkSync(host.path(log), host.path("/tmp/other"));
    expect(await find(host, "log-file")).toEqual([error("/tmp/cni.log has 2 names")]);
    rmSync(host.path("/tmp/other"));
    chmodSync(host.path(log), 0o666);
    expect(await find(host, "log-file")).toEqual([error("/tmp/cni.log can be written by others (mode 666)")]);
  });

  test("log-file: readable by others, and hard links for everybody", async () => {
    const host = useHost();
    host.write(log, "", 0o644);
    expect(await find(host, "log-file")).toEqual([warning("/tmp/cni.log can be read by others (mode 644)")]);
    chmodSync(host.path(log), 0o600);
    host.write("/proc/sys/fs/protected_hardlinks", "1\n");
    expect(await find(host, "log-file")).toEqual([]);
    host.write("/proc/sys/fs/protected_hardlinks", "0\n");
    expect(await find(host, "log-file")).toEqual([warning("any user can give /tmp/cni.log a second name")]);
  });

  test("log-file: another user's file", async ({ skip }) => {
    skip(!asRoot, whyRoot);
    const host = useHost();
    host.write(log, "", 0o600);
    chownSync(host.path(log), 1234, 1234);
    expect(await find(host, "log-file")).toEqual([error("/tmp/cni.log belongs to user 1234")]);
  });

  test("log-leftovers: what a killed rotation left, and nothing else", async () => {
    const host = useHost();
    await host.cnitap("install");
    const [left, other] = ["/tmp/cni.log.0123456789abcdef", "/tmp/cni.log.fedcba9876543210"];
    for (const path of ["/tmp/cni.log.1", "/tmp/cni.log.0123456789abcdeg", "/tmp/cni.log.0123456789abcdef0"])
      host.write(path, "");
    mkdirSync(host.path(other));
    expect(await find(host, "log-leftovers")).toEqual([]);
    host.write(left, "an older log\n");
    expect(await find(host, "log-leftovers")).toEqual([
      warning(`a tap was killed while it rotated /tmp/cni.log, and left a file: ${left}`),
    ]);
  });

  test("log-file: the one of the entries, not the default", async () => {
    const host = useHost();
    await host.cnitap("install", "--log-file", "/var/log/taps.log");
    chmodSync(host.path("/var/log/taps.log"), 0o620);
    expect(await find(host, "log-file")).toEqual([
      error("/var/log/taps.log can be written by others (mode 620)"),
    ]);
  });

  test("lock-folder: a missing directory", async () => {
    const host = useHost();
    expect(await find(host, "lock-folder")).toEqual([warning("/var/run/lock does not exist")]);
    symlinkSync("/run", host.path("/var/run"));
    expect(await find(host, "lock-folder")).toEqual([]);
  });

  test("lock-held: the process that holds the lock", async () => {
    const host = useHost();
    const lock = host.path("/var/run/lock/cni.lock");
    mkdirSync(host.path("/var/run/lock"), { recursive: true });
    closeSync(openSync(lock, "w", 0o600));
    expect(await find(host, "lock-held")).toEqual([]);
    await holdLock(lock);
    expect(await find(host, "lock-held")).toEqual([error("/var/run/lock/cni.lock is held by pid ")]);
  });

  test("selinux: enforcing", async () => {
    const host = useHost();
    host.write("/sys/fs/selinux/enforce", "0");
    expect(await find(host, "selinux")).toEqual([]);
    host.write("/sys/fs/selinux/enforce", "1");
    expect(await find(host, "selinux")).toEqual([warning("SELinux is enforcing")]);
  });
});

describeInMounts("mounts", () => {
  async function findInMounts(host: Host, id: string, script: string): Promise<Found[]> {
    const { out } = await runInMounts(host, script, "doctor", "--json");
    const report: { checks: { id: string; findings: Found[] }[] } = JSON.parse(out);
    return report.checks.find((check) => check.id === id)?.findings ?? [];
  }

  test("noexec: a directory of plugins without execution, which install refuses", async () => {
    const host = useHost();
    const mount = 'mount --bind "$root/opt" "$root/opt"; mount -o remount,noexec,bind "$root/opt"';
    expect(await findInMounts(host, "noexec", mount)).toEqual([
      error("/opt/cni/bin is on a mount without execution"),
    ]);
    expect(await runInMounts(host, mount, "install")).toMatchObject({
      code: 1,
      err: expect.stringContaining("noexec"),
    });
    expect(host.read(CALICO_FILE)).toBe(CALICO);
  });

  test("bin-dir: a read-only directory of plugins, which install refuses", async () => {
    const host = useHost();
    const mount = 'mount --bind "$root/opt" "$root/opt"; mount -o remount,ro,bind "$root/opt"';
    expect(await findInMounts(host, "bin-dir", mount)).toEqual([error("/opt/cni/bin is read-only")]);
    expect(await runInMounts(host, mount, "install")).toMatchObject({
      code: 1,
      err: expect.stringContaining("is read-only"),
    });
    expect(host.read(CALICO_FILE)).toBe(CALICO);
  });

  test("log-mount: on tmpfs, and full", async () => {
    const host = useHost();
    const mount = 'mount -t tmpfs -o size=2m tmpfs "$root/tmp"';
    expect(await findInMounts(host, "log-mount", mount)).toEqual([warning("/tmp/cni.log is on tmpfs")]);
    const full = `${mount}; head -c 3m /dev/zero >"$root/tmp/fill" 2>/dev/null || true`;
    expect(await findInMounts(host, "log-mount", full)).toContainEqual(
      error("the file system of /tmp/cni.log is full"),
    );
  });
});

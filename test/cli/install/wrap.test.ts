import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../../scripts/cache-dir.ts";
import { asByteString } from "../../../src/log/byte-string.ts";
import { hashOf, readRecord } from "../../../src/machine/installation-record.ts";
import { Root } from "../../../src/machine/root.ts";
import { useContainerd } from "../support/containerd.ts";
import { CALICO, CALICO_FILE, type Host, useHost } from "../support/host.ts";

const example = (name: string) => readFileSync(join(ROOT, "conflist-examples", name), "latin1");
const CALICO_WRAPPED = example("10-calico.cni-tap-wrap.conflist");
const CILIUM = example("05-cilium.conflist");
const LINKS = "/opt/cni/bin/cni-tap";
const WRAPPER = "/opt/cni/bin/cni_wrap";

const wrap = (host: Host, ...args: string[]) => host.cnitap("install", "--mode", "wrap", ...args);
const list = (name: string, ...plugins: object[]) =>
  `${JSON.stringify({ cniVersion: "1.0.0", name, plugins }, null, 2)}\n`;

/** For each plugin of a list its type, in braces if it is wrapped. */
function chain(host: Host, file: string): string[] {
  const { plugins }: { plugins: { type: string; cniTap?: { type: string } }[] } = JSON.parse(host.read(file));
  return plugins.map(({ type, cniTap }) => (type === "cni_wrap" ? `{${cniTap?.type}}` : type));
}

describe("install --mode wrap", () => {
  test("wraps each plugin, and uninstall gives the file its original bytes", async () => {
    const host = useHost();
    const { code, out, err } = await wrap(host);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("Installed into the network k8s-pod-network");
    expect(host.read(CALICO_FILE)).toBe(CALICO_WRAPPED);
    expect(statSync(host.path(WRAPPER)).mode & 0o7777).toBe(0o755);
    expect(existsSync(host.path("/opt/cni/bin/cni_post"))).toBe(false);
    expect(existsSync(host.path(LINKS))).toBe(false);
    expect(readRecord(new Root(host.root))).toEqual([
      {
        ...{ confDir: "/etc/cni/net.d", network: "k8s-pod-network", file: "10-calico.conflist" },
        ...{ mode: "wrap", binDir: "/opt/cni/bin", original: hashOf(asByteString(CALICO)) },
        ...{ pre: null, post: null, wrap: { logFormat: "json" } },
      },
    ]);
    expect((await wrap(host)).out).toContain("already has its plugins wrapped");

    const undone = await host.cnitap("uninstall");
    expect(undone.out).toContain("the file has its original bytes");
    expect(undone.out).toContain("--purge removes them");
    expect(host.read(CALICO_FILE)).toBe(CALICO);
    expect(existsSync(host.path(WRAPPER))).toBe(true); // for pods that were made with it
    await host.cnitap("uninstall", "--purge");
    expect(existsSync(host.path(WRAPPER))).toBe(false);
  });

  test.each(["both", "post", "drop-in"])(
    "takes the place of the mode %s, and the other way",
    async (mode) => {
      const [direct, changed] = [useHost(), useHost()];
      await direct.cnitap("install", "--mode", mode, "--force");
      await changed.cnitap("install", "--mode", mode, "--force");
      await wrap(changed);
      expect(changed.read(CALICO_FILE)).toBe(CALICO_WRAPPED);
      expect(existsSync(join(changed.confDir, "k8s-pod-network"))).toBe(false);
      await changed.cnitap("install", "--mode", mode, "--force");
      expect(changed.read(CALICO_FILE)).toBe(direct.read(CALICO_FILE));
      expect(readRecord(new Root(changed.root))).toEqual(readRecord(new Root(direct.root)));
      await wrap(changed, "--delegates");
      await changed.cnitap("uninstall");
      expect(changed.read(CALICO_FILE)).toBe(CALICO);
      expect(readdirSync(changed.confDir)).toEqual(["10-calico.conflist"]);
    },
  );

  test("--only wraps some plugins, and refuses a type that is not in the list", async () => {
    const host = useHost();
    await wrap(host, "--only", "portmap", "--only", "calico", "--only", "calico");
    expect(chain(host, CALICO_FILE)).toEqual(["{calico}", "{portmap}", "bandwidth"]);
    expect(readRecord(new Root(host.root))).toMatchObject([{ only: ["calico", "portmap"] }]);
    await wrap(host, "--only", "bandwidth");
    expect(chain(host, CALICO_FILE)).toEqual(["calico", "portmap", "{bandwidth}"]);
    const { code, err } = await wrap(host, "--only", "ptp");
    expect(code).toBe(1);
    expect(err).toBe(
      "cnitap: Cannot wrap ptp: the network k8s-pod-network of 10-calico.conflist has no such plugin\nUse --only with one of calico, portmap, bandwidth.\n",
    );
  });

  test("puts the log's keys into each wrapper, and status and uninstall find them", async () => {
    const host = useHost();
    const keys = ["--log-file", "/var/log/wrap.log", "--format", "classic", "--set", "label=x"];
    await wrap(host, ...keys, "--set", "lockTimeoutMs=200");
    const { plugins } = JSON.parse(host.read(CALICO_FILE));
    expect(plugins[0].cniTap).toEqual({ type: "calico", logFile: "/var/log/wrap.log", label: "x" });
    expect(statSync(host.path("/var/log/wrap.log")).mode & 0o7777).toBe(0o600);
    expect((await host.cnitap("status")).out).toContain("log      /var/log/wrap.log: 0 bytes");
  });

  test("makes a list from a single plugin's .conf", async () => {
    const single = '{\n  "cniVersion": "0.4.0",\n  "name": "ovn",\n  "type": "ovn-k8s-cni-overlay"\n}\n';
    const host = useHost({ "10-ovn.conf": single });
    await wrap(host);
    const made = "/etc/cni/net.d/10-cni-tap-ovn.conflist";
    expect(chain(host, made)).toEqual(["{ovn-k8s-cni-overlay}"]);
    expect(host.read("/etc/cni/net.d/10-ovn.conf")).toBe(single);
    expect((await wrap(host)).out).toContain("Nothing to do");
    await host.cnitap("uninstall");
    expect(readdirSync(host.confDir)).toEqual(["10-ovn.conf"]);
  });

  test.each([
    ["Cilium", CILIUM],
    ["ipvlan without master", list("n", { type: "ipvlan", ipam: { type: "x" } })],
  ])("is allowed for %s, which refuses a plugin before it", async (_, text) => {
    const host = useHost({ "05-n.conflist": text });
    expect(await wrap(host)).toMatchObject({ code: 0, err: "" });
    expect(chain(host, "/etc/cni/net.d/05-n.conflist")[0]).toMatch(/^\{.*\}$/);
    expect((await host.cnitap("install")).err).toContain("Cannot put cni_pre first");
    expect((await host.cnitap("install", "--mode", "post")).code).toBe(0);
  });

  test("warns about a plugin that others look for by its type, unless it stays bare", async () => {
    const host = useHost({ "10-n.conflist": list("n", { type: "calico" }, { type: "istio-cni" }) });
    const dry = await wrap(host, "--dry-run");
    expect(dry.out).toContain("Warning: istio-cni is wrapped: its installer looks for this type");
    const json = await wrap(host, "--json");
    expect(JSON.parse(json.out).warnings).toEqual([expect.stringContaining("istio-cni is wrapped")]);
    expect((await wrap(host, "--only", "calico")).out).not.toContain("Warning");
    expect(chain(host, "/etc/cni/net.d/10-n.conflist")).toEqual(["{calico}", "istio-cni"]);
  });

  test("refuses a list with none but taps, and a wrapper that names no plugin", async () => {
    const host = useHost({ "10-n.conflist": list("n", { type: "cni_post" }) });
    expect((await wrap(host)).err).toContain(
      "Cannot wrap the plugins of the network n of 10-n.conflist: it has none but taps\n",
    );
    host.write("/etc/cni/net.d/10-n.conflist", list("n", { type: "calico" }, { type: "cni_wrap" }));
    const message = "Cannot edit 10-n.conflist: its plugin 2 is a cni_wrap that names no plugin to wrap";
    for (const command of ["install", "uninstall"])
      expect(await host.cnitap(command, "--force")).toMatchObject({
        ...{ code: 1, out: "" },
        err: expect.stringContaining(message),
      });
  });
});

describe("install --mode wrap --delegates", () => {
  const files = (host: Host) => (existsSync(host.path(LINKS)) ? readdirSync(host.path(LINKS)).sort() : null);
  const keys = { logFormat: "json", delegates: true };

  test("makes links for what the list names and for known delegates that are there", async () => {
    const host = useHost();
    for (const name of ["host-local", "static", "loopback"]) host.write(`/opt/cni/bin/${name}`, "", 0o755);
    const { code } = await wrap(host, "--delegates");
    expect(code).toBe(0);
    expect(files(host)).toEqual(["calico-ipam", "cni-tap.json", "host-local", "static"]);
    for (const name of ["calico-ipam", "host-local", "static"])
      expect(readlinkSync(host.path(`${LINKS}/${name}`))).toBe("../cni_wrap");
    expect(JSON.parse(host.read(`${LINKS}/cni-tap.json`))).toEqual(keys);
    const { plugins } = JSON.parse(host.read(CALICO_FILE));
    expect(plugins[1].cniTap).toEqual({ type: "portmap", ...keys });
    expect((await wrap(host, "--delegates")).out).toContain("Nothing to do");
    const status = await host.cnitap("status");
    expect(status.out).toContain("plugins  {calico} → {portmap} → {bandwidth}\n");
    expect(status.out).toContain("in place of each plugin in braces, and of their delegates");

    const { out } = await host.cnitap("uninstall");
    expect(out).toContain(`removed ${LINKS}\n`);
    expect(files(host)).toBeNull();
    expect(readdirSync(host.path("/opt/cni/bin"))).toContain("host-local");
  });

  test("=all makes a link for every executable", async () => {
    const host = useHost();
    host.write("/opt/cni/bin/loopback", "", 0o755);
    host.write("/opt/cni/bin/README.md", "");
    await wrap(host, "--delegates", "all");
    expect(files(host)).toEqual([
      ...["bandwidth", "calico", "calico-ipam", "cni-tap.json", "cni_wrap", "k8s", "loopback", "portmap"],
    ]);
  });

  test("writes the links before the list, and takes them away after it", async () => {
    const host = useHost();
    const paths = async (...args: string[]) => {
      const { steps } = JSON.parse((await host.cnitap(...args, "--dry-run", "--json")).out);
      return steps.map(({ path }: { path: string }) => path);
    };
    const [log, backup] = ["/tmp/cni.log", "/etc/cni/net.d/.10-calico.conflist.cni-tap-bak"];
    const [record, settings] = ["/var/lib/cni-tap/wanted.json", `${LINKS}/cni-tap.json`];
    const links = [`${LINKS}/calico-ipam`, settings, LINKS];
    expect(await paths("install", "--mode", "wrap", "--delegates")).toEqual([
      ...[WRAPPER, settings, `${LINKS}/calico-ipam`, log, backup, record, CALICO_FILE],
    ]);
    await wrap(host, "--delegates");
    expect(await paths("install", "--mode", "wrap")).toEqual([record, CALICO_FILE, ...links]);
    expect(await paths("install", "--mode", "post")).toEqual([
      ...["/opt/cni/bin/cni_post", record, CALICO_FILE, ...links],
    ]);
    expect(await paths("uninstall", "--purge")).toEqual([
      ...[record, CALICO_FILE, backup, ...links, WRAPPER],
    ]);
  });

  test("leaves what others have put into the folder, and says so", async () => {
    const host = useHost();
    await wrap(host, "--delegates");
    host.write(`${LINKS}/notes`, "");
    symlinkSync("/elsewhere", host.path(`${LINKS}/mine`));
    const { out } = await host.cnitap("uninstall");
    expect(out).toContain(`${LINKS}/mine stays: it is not cnitap's.\n`);
    expect(files(host)).toEqual(["mine", "notes"]);
    expect((await host.cnitap("uninstall")).out).toContain("Nothing to do");
    host.write(`${LINKS}/calico-ipam`, "");
    expect((await wrap(host, "--delegates")).err).toContain(
      `Cannot make the link ${LINKS}/calico-ipam: something else is there`,
    );
    expect(host.read(CALICO_FILE)).toBe(CALICO);
  });

  test("keeps the folder while another network uses it", async () => {
    const host = useHost({ "10-calico.conflist": CALICO, "20-b.conflist": list("b", { type: "calico" }) });
    await wrap(host, "--delegates");
    await wrap(host, "--delegates", "--network", "b");
    await wrap(host, "--network", "b");
    expect(files(host)).not.toBeNull();
    await host.cnitap("uninstall", "--network", "b");
    expect(files(host)).not.toBeNull();
    await host.cnitap("uninstall", "--network", "k8s-pod-network");
    expect(files(host)).toBeNull();
  });

  test("leaves a folder that the runtime itself searches, and says so", async () => {
    const host = useHost();
    await useContainerd(host, { binDirs: [LINKS, "/opt/cni/bin"] });
    await wrap(host, "--delegates");
    await host.cnitap("install");
    expect(files(host)).toEqual(["calico-ipam", "cni-tap.json"]);
    expect(existsSync(host.path("/opt/cni/bin/cni_pre"))).toBe(true);
    const purge = await host.cnitap("uninstall", "--purge");
    expect(purge.err).toContain(
      `Cannot remove the executables: containerd looks for plugins in ${LINKS}, whose links need cni_wrap\n`,
    );
    const stays = `${LINKS} stays: containerd looks for plugins in it. Take it out of its configuration`;
    expect((await host.cnitap("uninstall", "--dry-run")).out).toContain(stays);
    const { out } = await host.cnitap("uninstall");
    expect(out).toContain(stays);
    expect(host.read(CALICO_FILE)).toBe(CALICO);
    expect(files(host)).toEqual(["calico-ipam", "cni-tap.json"]);
    await host.cnitap("uninstall", "--force");
    expect(files(host)).toBeNull();
  });

  test("a folder that somebody has made by hand outlives an installation of taps", async () => {
    const host = useHost();
    host.write(`${LINKS}/cni-tap.json`, '{"logFormat":"json"}');
    symlinkSync("../cni_wrap", host.path(`${LINKS}/host-local`));
    await host.cnitap("install");
    expect(files(host)).toEqual(["cni-tap.json", "host-local"]);
  });
});

describe("--purge of a wrapper", () => {
  test("refuses while a pod's cached list has it, wherever", async () => {
    const host = useHost();
    await wrap(host);
    const config = Buffer.from(CALICO_WRAPPED, "latin1").toString("base64");
    host.write("/var/lib/cni/results/n-abc-eth0", JSON.stringify({ kind: "cniCacheV1", config }));
    const { code, err } = await host.cnitap("uninstall", "--purge");
    expect(code).toBe(1);
    expect(err).toContain("1 pod was made with them");
    expect(host.read(CALICO_FILE)).toBe(CALICO_WRAPPED);
  });
});

test("a wrapper that was changed or is not executable is installed again", async () => {
  const host = useHost();
  await wrap(host);
  for (const spoil of [() => chmodSync(host.path(WRAPPER), 0o644), () => rmSync(host.path(WRAPPER))]) {
    spoil();
    const { out } = await wrap(host, "--json");
    expect(JSON.parse(out).steps.map(({ path }: { path: string }) => path)).toEqual([WRAPPER]);
  }
});

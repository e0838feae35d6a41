import { rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type RuntimeFacts, useContainerd } from "../support/containerd.ts";
import { CALICO, CALICO_FILE, CALICO_PATCHED, type Host, useHost } from "../support/host.ts";

interface Finding {
  readonly level: "error" | "warning";
  readonly seen: string;
  readonly advice: string;
}

/** The findings of one check, each as "level: what was seen". */
async function found(host: Host, id: string, ...args: string[]): Promise<string[]> {
  const { code, out } = await host.cnitap("doctor", "--json", ...args);
  const report: { checks: { id: string; findings: Finding[] }[] } = JSON.parse(out);
  const all = report.checks.flatMap(({ findings }) => findings);
  expect(code).toBe(all.some(({ level }) => level === "error") ? 3 : 0);
  const check = report.checks.find((one) => one.id === id);
  return check?.findings.map(({ level, seen }) => `${level}: ${seen}`) ?? [`no check ${id}`];
}

async function hostWith(facts: RuntimeFacts, text = CALICO): Promise<Host> {
  const host = useHost({ "10-calico.conflist": text });
  await useContainerd(host, facts);
  return host;
}

describe("load-status", () => {
  test("finds nothing if the runtime has loaded the current file", async () => {
    expect(await found(await hostWith({}), "load-status")).toEqual([]);
    const text = CALICO.replace('"mtu": 0', '"mtu": 0, "x": "\xc3\xa9"');
    expect(await found(await hostWith({}, text), "load-status")).toEqual([]);
    expect(await found(await hostWith({ loadStatus: "" }), "load-status")).toEqual([]);
    expect(await found(await hostWith({ cniConfig: null }), "load-status")).toEqual([]);
  });

  test("reports the runtime's load status", async () => {
    const host = await hostWith({ loadStatus: "cni config load failed: x" });
    expect(await found(host, "load-status")).toEqual([
      "error: containerd could not load it: cni config load failed: x",
    ]);
  });

  test("reports a file that the runtime has not loaded", async () => {
    const host = await hostWith({ loads: false });
    host.write(CALICO_FILE, CALICO_PATCHED);
    expect(await found(host, "load-status")).toEqual([
      "error: containerd has not loaded 10-calico.conflist as it is now",
    ]);
    expect((await host.cnitap("install")).out).not.toContain("Cannot install");
  });

  test("reports that the runtime reads another directory", async () => {
    const host = await hostWith({});
    host.write("/else/10-calico.conflist", CALICO);
    expect(await found(host, "load-status", "--conf-dir", "/else")).toEqual([
      "warning: containerd reads /etc/cni/net.d, not /else",
    ]);
  });
});

test("max-conf-num: the runtime's value, not that of its configuration file", async () => {
  const host = await hostWith({ maxConfNum: 2 });
  host.write("/etc/containerd/config.toml", "max_conf_num = 0\n");
  const attached = "containerd attaches pods to the first 2 files of /etc/cni/net.d";
  expect(await found(host, "max-conf-num")).toEqual([`warning: max_conf_num is 2: ${attached}`]);
  const other = await hostWith({ maxConfNum: 1 });
  other.write("/etc/containerd/config.toml", "max_conf_num = 2\n");
  expect(await found(other, "max-conf-num")).toEqual([]);
  const none = useHost();
  none.write("/etc/containerd/config.toml", "# max_conf_num = 2\n");
  expect(await found(none, "max-conf-num")).toEqual([]);
});

test("cni-version: 1.1.0 is an error only with containerd 1.x", async () => {
  const text = CALICO.replace(/"cniVersion": "[^"]+"/, '"cniVersion": "1.1.0"');
  const seen = "error: 10-calico.conflist has 1.1.0, and containerd 1.x fails every pod with it";
  for (const version of ["v1.7.27", "1.6.0"])
    expect(await found(await hostWith({ version }, text), "cni-version")).toEqual([seen]);
  for (const facts of [{ version: "v2.1.9" }, { version: "v10.0.0" }, { name: "cri-o", version: "1.33.0" }])
    expect(await found(await hostWith(facts, text), "cni-version")).toEqual([]);
  expect(await found(useHost({ "10-calico.conflist": text }), "cni-version")).toEqual([]);
  const host = await hostWith({ version: "v1.7.27" }, text);
  expect(await host.cnitap("install")).toMatchObject({
    ...{
      code: 1,
      err: expect.stringContaining("Set its cniVersion to 1.0.0. To go on all the same, use --force."),
    },
  });
});

describe("cached", () => {
  const plant = (host: Host) =>
    host.write(
      "/var/lib/cni/results/a",
      JSON.stringify({
        kind: "cniCacheV1",
        config: Buffer.from(CALICO_PATCHED, "latin1").toString("base64"),
      }),
    );

  test("is a warning with containerd, which removes pods with the current list", async () => {
    const host = await hostWith({ binDirs: ["/opt/cni/bin", "/second"] });
    plant(host);
    host.write("/second/cni_pre", "", 0o755);
    expect(await found(host, "cached")).toEqual([
      "warning: cni_post is not in /opt/cni/bin, /second, and 1 pod was made with it",
    ]);
  });

  test("does not stop install if only taps are missing, but stops it for another plugin", async () => {
    const host = useHost();
    plant(host);
    expect((await host.cnitap("install")).code).toBe(0);
    const other = useHost({ "10-n.conflist": '{"name":"n","plugins":[{"type":"ptp"}]}' });
    plant(other);
    const { code, err } = await other.cnitap("install");
    expect(code).toBe(1);
    expect(err).toContain("Cannot install: calico is not in /opt/cni/bin");
  });
});

test("lost-taps: the missing executable of a drop-in", async () => {
  const host = await hostWith({});
  await host.cnitap("install", "--mode", "drop-in");
  expect(await found(host, "lost-taps")).toEqual([]);
  rmSync(host.path("/opt/cni/bin/cni_post"));
  expect(await found(host, "lost-taps")).toEqual(["error: cni_post is not in /opt/cni/bin"]);
});

test("valid-files: a broken first file is an error, also with CRI-O", async () => {
  const host = useHost({ "05-a.conf": "{", "10-calico.conflist": CALICO });
  await useContainerd(host, { name: "cri-o", cniConfig: null }, "/var/run/crio/crio.sock");
  expect(await found(host, "valid-files")).toEqual(["error: 05-a.conf: broken JSON at line 1, column 2"]);
});

test("log-file: the one of a record, unless that is for another directory", async () => {
  const host = useHost();
  host.write("/else/10-calico.conflist", CALICO);
  const drop = ["--mode", "drop-in", "--force"];
  await host.cnitap("install", "--log-file", "/var/log/a.log", ...drop);
  await host.cnitap("install", "--conf-dir", "/else", "--log-file", "/var/log/b.log", ...drop);
  for (const name of ["a", "b"]) {
    rmSync(host.path(`/var/log/${name}.log`));
    host.write(`/var/log/${name}.log/x`, "");
  }
  expect(await found(host, "log-file")).toEqual(["error: /var/log/a.log is not a regular file"]);
});

import { rmSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { listenAt } from "../../support/listen.ts";
import { useContainerd } from "../support/containerd.ts";
import { CALICO, CALICO_FILE, complete, type Host, useHost } from "../support/host.ts";

const LINKS = "/opt/cni/bin/cni-tap";

/** The findings of one check as "level: what was seen", and its advice. */
async function find(host: Host, id: string, ...args: string[]): Promise<string[]> {
  const { out } = await host.cnitap("doctor", "--json", ...args);
  const {
    checks,
  }: { checks: { id: string; findings: { level: string; seen: string; advice: string }[] }[] } =
    JSON.parse(out);
  const check = checks.find((one) => one.id === id);
  if (!check) throw new Error(`There is no check ${id}`);
  return check.findings.map(({ level, seen, advice }) => `${level}: ${seen}\n${advice}`);
}

const wrap = (host: Host, ...args: string[]) => host.cnitap("install", "--mode", "wrap", ...args);
const list = (...plugins: object[]) => JSON.stringify({ cniVersion: "1.0.0", name: "n", plugins });
const wrapper = (type: string) => ({ type: "cni_wrap", cniTap: { type } });

test("a wrapped node has no error, also with Cilium and with links", async () => {
  const cilium = complete(useHost({ "05-cilium.conflist": list({ type: "cilium-cni" }) }));
  await listenAt(cilium.path("/var/run/cilium/cilium.sock"));
  const calico = complete(useHost());
  for (const host of [cilium, calico]) {
    await wrap(host, "--delegates");
    const { code, out } = await host.cnitap("doctor");
    expect(code, out).toBe(0);
    expect(out).toContain("ok       each wrapper names its plugin\n");
    expect(out).toContain("ok       the folder of links to cni_wrap is complete\n");
  }
});

test("plugins: the wrapper or the plugin in it is missing, which install refuses", async () => {
  const host = useHost();
  await wrap(host);
  rmSync(host.path("/opt/cni/bin/portmap"));
  expect(await find(host, "plugins")).toEqual([
    expect.stringContaining("error: portmap is not in /opt/cni/bin\nInstall it again"),
  ]);
  expect((await wrap(host, "--set", "label=x")).err).toContain(
    "Cannot install: portmap is not in /opt/cni/bin",
  );
  rmSync(host.path("/opt/cni/bin/cni_wrap"));
  expect(await find(host, "lost-taps")).toContainEqual(
    expect.stringContaining("error: cni_wrap is not in /opt/cni/bin\nRun cnitap install --mode wrap"),
  );
  expect((await host.cnitap("status")).code).toBe(1);
});

test("wrapped: a wrapper around a wrapper, around a tap, and around nothing", async () => {
  const host = useHost({
    "10-n.conflist": list(wrapper("calico"), wrapper("cni_wrap"), wrapper("cni_post"), { type: "cni_wrap" }),
  });
  expect(await find(host, "wrapped")).toEqual([
    expect.stringContaining("error: plugin 2 of 10-n.conflist is a cni_wrap around cni_wrap"),
    expect.stringContaining("error: plugin 3 of 10-n.conflist is a cni_wrap around cni_post"),
    expect.stringContaining("error: plugin 4 of 10-n.conflist is a cni_wrap without a plugin"),
  ]);
  const { out } = await host.cnitap("status");
  expect(out).toContain("plugins  {calico} → {cni_wrap} → {cni_post} → {?}\n");
});

test("overwritten: a list without its wrappers, or with some of them", async () => {
  const host = useHost();
  await wrap(host);
  const wrapped = host.read(CALICO_FILE);
  host.write(CALICO_FILE, CALICO);
  expect(await find(host, "overwritten")).toEqual([
    "error: the wrappers of the network k8s-pod-network are gone from 10-calico.conflist: the file was rewritten after the installation\nRun cnitap install --mode wrap again, with the same options as before.",
  ]);
  const end = wrapped.lastIndexOf("    }\n  ]");
  host.write(CALICO_FILE, `${wrapped.slice(0, end)}    },{"type":"linkerd-cni"}${wrapped.slice(end + 5)}`);
  expect(await find(host, "overwritten")).toEqual([
    expect.stringContaining("warning: linkerd-cni is not wrapped in 10-calico.conflist"),
  ]);
  await wrap(host, "--force", "--only", "calico");
  expect(await find(host, "overwritten")).toEqual([]);
});

test("wrapper: an executable of another version", async () => {
  const host = useHost();
  await wrap(host);
  expect(await find(host, "wrapper")).toEqual([]);
  host.write("/opt/cni/bin/cni_wrap", "\0cni-tap program=cni_wrap version=9.9.9\0", 0o755);
  expect(await find(host, "wrapper")).toEqual([
    expect.stringContaining("warning: /opt/cni/bin/cni_wrap has version 9.9.9, and this cnitap has "),
  ]);
});

test("links: a link that leads nowhere, and a folder that is missing", async () => {
  const host = useHost();
  await wrap(host, "--delegates");
  rmSync(host.path("/opt/cni/bin/cni_wrap"));
  expect(await find(host, "links")).toEqual([
    expect.stringContaining(`error: ${LINKS}/calico-ipam leads nowhere: `),
  ]);
  await wrap(host, "--delegates");
  rmSync(host.path(LINKS), { recursive: true });
  expect(await find(host, "links")).toEqual([
    expect.stringContaining(`warning: 10-calico.conflist has delegates logged, and ${LINKS} is not there`),
  ]);
});

test("links: a plugin without a link, loopback too, where the runtime searches nothing but the links", async () => {
  const host = useHost();
  for (const name of ["loopback", "host-local"]) host.write(`/opt/cni/bin/${name}`, "", 0o755);
  await wrap(host, "--delegates", "all");
  const runtime = await useContainerd(host, { binDirs: [`${LINKS}/`], version: "v1.7.27" });
  expect(await find(host, "links")).toEqual([]);
  for (const name of ["loopback", "portmap"]) rmSync(host.path(`${LINKS}/${name}`));
  expect(await find(host, "links")).toEqual([
    `error: ${LINKS} has no link for loopback, and containerd looks for plugins nowhere else\nln -s ../cni_wrap ${LINKS}/loopback`,
    `error: ${LINKS} has no link for portmap, and containerd looks for plugins nowhere else\nln -s ../cni_wrap ${LINKS}/portmap`,
  ]);
  symlinkSync("../cni_wrap", host.path(`${LINKS}/loopback`));
  host.write(`${LINKS}/portmap`, "", 0o755);
  expect(await find(host, "links")).toEqual([]);
  await runtime.stop();
});

test("links: none is missing where the runtime searches the plugins' directory as well", async () => {
  const host = useHost();
  await wrap(host, "--delegates");
  await useContainerd(host, { binDirs: [LINKS, "/opt/cni/bin"] });
  expect(await find(host, "links")).toEqual([]);
  expect(await find(host, "plugins")).toEqual([]);
});

test("cached: a wrapper, and the plugin in it, that running pods were made with", async () => {
  const host = useHost();
  const config = Buffer.from(list(wrapper("ptp"))).toString("base64");
  host.write("/var/lib/cni/results/n-abc-eth0", JSON.stringify({ kind: "cniCacheV1", config }));
  expect(await find(host, "cached")).toEqual([
    expect.stringContaining("error: cni_wrap is not in /opt/cni/bin, and 1 pod was made with it"),
    expect.stringContaining("error: ptp is not in /opt/cni/bin, and 1 pod was made with it"),
  ]);
});

test("the log and lock of wrapped plugins are checked, also where the list was overwritten", async () => {
  const host = useHost();
  await wrap(host, "--log-file", "/var/log/wrap.log", "--lock-file", "/nowhere/lock");
  for (const text of [host.read(CALICO_FILE), CALICO]) {
    host.write(CALICO_FILE, text);
    host.write("/var/log/wrap.log", "", 0o600);
    rmSync(host.path("/var/log/wrap.log"));
    symlinkSync("/etc/passwd", host.path("/var/log/wrap.log"));
    expect(await find(host, "log-file")).toEqual([
      expect.stringContaining("/var/log/wrap.log is a symbolic link"),
    ]);
    expect(await find(host, "lock-folder")).toEqual([expect.stringContaining("/nowhere does not exist")]);
    rmSync(host.path("/var/log/wrap.log"));
  }
});

import { execFileSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { listenAt } from "../../support/listen.ts";
import { useScratch } from "../../support/scratch.ts";
import { useContainerd } from "../support/containerd.ts";
import { cnitap, complete, type Host, useHost } from "../support/host.ts";

interface Reported {
  readonly id: string;
  readonly unknown?: string;
  readonly findings: readonly { readonly level: string; readonly seen: string; readonly advice: string }[];
}

/** One check's report: what was seen, each with its level, and what is unknown. */
async function report(run: Promise<{ out: string; code: number }>, id: string) {
  const { checks }: { checks: readonly Reported[] } = JSON.parse((await run).out);
  const check = checks.find((one) => one.id === id);
  if (!check) throw new Error(`There is no check ${id}`);
  for (const { advice } of check.findings) expect(advice).not.toBe("");
  return [
    ...check.findings.map(({ level, seen }) => `${level}: ${seen}`),
    ...(check.unknown === undefined ? [] : [`unknown: ${check.unknown}`]),
  ];
}

const find = (host: Host, id: string) => report(host.cnitap("doctor", "--json"), id);
const list = (...plugins: object[]) => JSON.stringify({ cniVersion: "1.0.0", name: "n", plugins });
const hostWith = (...plugins: object[]) => complete(useHost({ "10-n.conflist": list(...plugins) }));

test("executables: of another processor, of none, without an interpreter, and a delegate that is not there", async () => {
  const host = hostWith(
    { type: "good" },
    { type: "arm" },
    { type: "text" },
    { type: "script", ipam: { type: "x-ipam" } },
  );
  expect(await find(host, "executables")).toEqual([]);
  const own = readFileSync(process.execPath).subarray(0, 64);
  host.write("/opt/cni/bin/good", own, 0o755);
  const arm = Buffer.from(own);
  arm.writeUInt16LE(process.arch === "x64" ? 183 : 62, 18);
  host.write("/opt/cni/bin/arm", arm, 0o755);
  host.write("/opt/cni/bin/text", "hello\n", 0o755);
  host.write("/opt/cni/bin/script", "#! /usr/bin/python3 -E\n", 0o755);
  rmSync(host.path("/opt/cni/bin/x-ipam"));
  expect(await find(host, "executables")).toEqual([
    expect.stringMatching(/^error: \/opt\/cni\/bin\/arm is a program for (ARM64|x86-64), and this is /),
    "error: /opt/cni/bin/text is neither a program nor a script",
    "error: /opt/cni/bin/script is a script for /usr/bin/python3, which is not there",
    "error: x-ipam is not in /opt/cni/bin",
  ]);
  host.write("/opt/cni/bin/good", "", 0o755);
  expect(await find(host, "executables")).toContain("error: /opt/cni/bin/good is empty");
});

test("executables: loopback is needed where a runtime starts it", async () => {
  const host = hostWith({ type: "ptp" });
  rmSync(host.path("/opt/cni/bin/loopback"));
  expect(await find(host, "executables")).toEqual([]); // nobody says that it is needed
  await useContainerd(host);
  expect(await find(host, "executables")).toEqual(["error: loopback is not in /opt/cni/bin"]);
  host.write("/etc/containerd/config.toml", "[plugins.x.cni]\n  use_internal_loopback = true\n");
  expect(await find(host, "executables")).toEqual([]);
});

/** Plugins of this machine, as scripts, in a scratch directory: what `doctor` says of their answers. */
async function answers(scripts: Readonly<Record<string, string>>, ...args: string[]): Promise<string[]> {
  const host = useHost({ "10-n.conflist": list(...Object.keys(scripts).map((type) => ({ type }))) });
  for (const [type, script] of Object.entries(scripts))
    host.write(`/opt/cni/bin/${type}`, `#!/bin/sh\n${script}\n`, 0o755);
  const run = cnitap(
    "doctor",
    "--json",
    "--conf-dir",
    host.confDir,
    "--bin-dir",
    host.path("/opt/cni/bin"),
    ...args,
  );
  return (await report(run, "plugin-answers")).map((line) => line.replaceAll(host.path("/opt/cni/bin/"), ""));
}

const SAYS = (...versions: string[]) =>
  `echo '${JSON.stringify({ cniVersion: "1.1.0", supportedVersions: versions })}'`;

test("plugin-answers: versions, silence, noise, failure, and nothing but VERSION is asked", async () => {
  const scratch = useScratch();
  const asked = scratch.path("asked");
  expect(
    await answers({
      fine: `env | sort >${asked}; cat >>${asked}; ${SAYS("0.4.0", "1.0.0")}`,
      old: SAYS("0.3.1", "0.4.0"),
      silent: "exit 0",
      fails: "echo '{\"code\":4}'; exit 1",
      noisy: "head -c 2000000 /dev/zero",
      late: "sleep 30",
      killed: "kill -SEGV $$",
    }),
  ).toEqual([
    "error: old does not know cniVersion 1.0.0; it knows 0.3.1, 0.4.0",
    "error: silent answered no versions when it was asked for its versions",
    "error: fails ended with exit code 1 when it was asked for its versions",
    "error: noisy answered more than 1 MB when it was asked for its versions",
    "error: late did not answer within 2 s when it was asked for its versions",
    "error: killed was ended by SIGSEGV when it was asked for its versions",
  ]);
  const seen = readFileSync(asked, "utf8");
  expect(seen.match(/^CNI_COMMAND=.*$/gm)).toEqual(["CNI_COMMAND=VERSION"]);
  expect(seen).toContain('{"cniVersion":"1.1.0"}');
});

test("plugin-answers: what a plugin leaves running is ended", async () => {
  const pid = useScratch().path("pid");
  expect(await answers({ forks: `sleep 1000 & echo $! >${pid}; ${SAYS("1.0.0")}` })).toEqual([]);
  const left = readFileSync(pid, "utf8").trim();
  await waitFor("the end of the plugin's child", async () => !isRunning(left));
});

function isRunning(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test("plugin-answers: below --host-root none is started, and that is said", async () => {
  const host = hostWith({ type: "x" });
  const started = host.path("/started");
  host.write("/opt/cni/bin/x", `#!/bin/sh\ntouch ${started}\n`, 0o755);
  expect(await find(host, "plugin-answers")).toEqual([
    "unknown: whether the plugins answer: below --host-root none is started",
  ]);
  expect(readdirSync(host.root)).not.toContain("started");
  expect((await host.cnitap("doctor")).out).toContain("\nunknown  whether the plugins answer: below");
});

/** A process of a runtime, as a host's /proc shows it. */
function writeRuntime(host: Host, path: string): void {
  host.write("/proc/7/cmdline", "/usr/bin/containerd\0--config\0x\0");
  host.write("/proc/7/environ", `LANG=C\0PATH=${path}\0`);
  host.write("/proc/1/cmdline", "/sbin/init\0");
  execFileSync("mkdir", ["-p", host.path("/proc/1/ns"), host.path("/proc/7/ns")]);
  for (const pid of [1, 7]) symlinkSync("net:[4026531840]", host.path(`/proc/${pid}/ns/net`));
}

test.each<[string, object[], string[], string[]]>([
  ["portmap without either", [{ type: "portmap" }], [], ["portmap of 10-n.conflist runs iptables, or nft,"]],
  ["portmap with nft", [{ type: "portmap" }], ["nft"], []],
  [
    "portmap that is told to use iptables",
    [{ type: "portmap", backend: "iptables" }],
    ["nft"],
    ["runs iptables,"],
  ],
  [
    "bridge with ipMasq",
    [{ type: "bridge", ipMasq: true, ipMasqBackend: "nftables" }],
    ["iptables"],
    ["bridge of 10-n.conflist runs nft,"],
  ],
  ["bridge without ipMasq", [{ type: "bridge" }], [], []],
  ["firewall", [{ type: "firewall" }], ["nft"], ["firewall of 10-n.conflist runs iptables,"]],
  ["firewall by firewalld", [{ type: "firewall", backend: "firewalld" }], [], []],
  [
    "a network with IPv6",
    [{ type: "ptp", ipMasq: true, ipam: { type: "host-local", subnet: "fd00::/64" } }],
    ["iptables"],
    ["ptp of 10-n.conflist runs iptables and ip6tables, or nft,"],
  ],
  [
    "a network with IPv4",
    [{ type: "ptp", ipMasq: true, ipam: { type: "host-local", subnet: "10.0.0.0/24" } }],
    ["iptables"],
    [],
  ],
])("firewall-tools: %s", async (_, plugins, tools, expected) => {
  const host = hostWith(...plugins);
  if (tools.length === 0 && expected.length > 0) {
    expect(await find(host, "firewall-tools")).toEqual([
      expect.stringContaining("its process cannot be seen"),
    ]);
  }
  writeRuntime(host, "/usr/sbin:/var/lib/x/bin/aux");
  for (const tool of tools) host.write(`/var/lib/x/bin/aux/${tool}`, "", 0o755);
  expect(await find(host, "firewall-tools")).toEqual(expected.map((words) => expect.stringContaining(words)));
});

test("flannel: its daemon has not written the subnet", async () => {
  const host = hostWith({ type: "flannel", delegate: { isDefaultGateway: true } }, { type: "portmap" });
  expect(await find(host, "flannel")).toEqual([
    "error: /run/flannel/subnet.env is not there: flannel's daemon has not written it",
  ]);
  host.write("/run/flannel/subnet.env", "FLANNEL_SUBNET=10.42.0.1/24\n");
  expect(await find(host, "flannel")).toEqual([]);
});

const jwt = (exp: number) =>
  ["e30", Buffer.from(JSON.stringify({ exp, sub: "secret-name" })).toString("base64url"), "c2ln"].join(".");
const PAST = 1_600_000_000;
const FUTURE = Math.floor(Date.now() / 1000) + 3600;

test.each<[string, string | null, string[]]>([
  [
    "an expired token",
    `users:\n- user:\n    token: ${jwt(PAST)}\n`,
    ["error: the token in /etc/cni/net.d/k, which calico uses, expired at 2020-09-13T12:26:40Z"],
  ],
  ["a token that holds", `users:\n- user:\n    token: ${jwt(FUTURE)}\n`, []],
  ["a token that is no JWT", "users:\n- user:\n    token: abc\n", []],
  ["a token that says nothing", "users:\n- user:\n    token: e30.e30.x\n", []],
  ["nobody", "users: 5\n", []],
  ["no YAML", "users: [\n", ["warning: /etc/cni/net.d/k, which calico uses, is no YAML"]],
  ["no file", null, ["error: /etc/cni/net.d/k, which calico uses, is not there"]],
])("kubeconfig: %s", async (_, text, expected) => {
  const host = hostWith({ type: "calico", kubernetes: { kubeconfig: "/etc/cni/net.d/k" } });
  if (text === null) rmSync(host.path("/etc/cni/net.d/k"));
  else host.write("/etc/cni/net.d/k", text);
  expect(await find(host, "kubeconfig")).toEqual(expected);
});

test("kubeconfig: a token file, a FIFO, and what an installer has left open; nothing of a token is shown", async () => {
  const host = hostWith({
    type: "calico",
    kubeconfig: "/k",
    kubernetes: { kubeconfig: "__KUBECONFIG_FILEPATH__" },
  });
  host.write("/k", "users:\n- user:\n    tokenFile: /token\n");
  host.write("/token", `${jwt(PAST)}\n`);
  expect(await find(host, "kubeconfig")).toEqual([expect.stringContaining("expired at 2020")]);
  expect((await host.cnitap("doctor")).out).not.toContain("secret-name");
  rmSync(host.path("/k"));
  execFileSync("mkfifo", [host.path("/k")]);
  expect(await find(host, "kubeconfig")).toEqual([
    "error: /k, which calico uses, is no file that can be read",
  ]);
});

test("whereabouts: its configuration is elsewhere", async () => {
  const ipam = (more = {}) => ({
    type: "macvlan",
    ipam: { type: "whereabouts", range: "10.0.0.0/24", ...more },
  });
  const host = hostWith(ipam());
  expect(await find(host, "whereabouts")).toEqual([
    expect.stringContaining("error: whereabouts of 10-n.conflist has no configuration: /etc/kubernetes"),
  ]);
  host.write("/etc/cni/net.d/whereabouts.d/whereabouts.conf", "{}");
  expect(await find(host, "whereabouts")).toEqual([]);
  const k3s = hostWith(ipam({ configuration_path: "/var/lib/rancher/k3s/w.conf" }));
  expect(await find(k3s, "whereabouts")).toEqual([
    expect.stringContaining(": /var/lib/rancher/k3s/w.conf is not there"),
  ]);
  k3s.write("/var/lib/rancher/k3s/w.conf", "{}");
  expect(await find(k3s, "whereabouts")).toEqual([]);
  expect(await find(hostWith(ipam({ kubernetes: { kubeconfig: "/k" } })), "whereabouts")).toEqual([]);
});

test.each<[string, object, string[]]>([
  ["another plugin", { type: "multus", clusterNetwork: "/etc/cni/net.d/20-calico.conflist" }, []],
  ["a delegate", { type: "multus", delegates: [{ name: "c", plugins: [{ type: "calico" }] }] }, []],
  ["its own file", { type: "multus", clusterNetwork: "/host/etc/cni/net.d/10-n.conflist" }, ["itself"]],
  ["its own name", { type: "multus-shim", clusterNetwork: "n" }, ["itself"]],
  ["itself as a delegate", { type: "multus", delegates: [{ type: "multus", delegates: [] }] }, ["itself"]],
])("multus: its default network is %s", async (_, plugin, expected) => {
  expect(await find(hostWith(plugin), "multus")).toEqual(
    expected.map((word) => expect.stringContaining(word)),
  );
});

test("multus: the default network of its daemon's own configuration", async () => {
  const host = hostWith({ type: "multus-shim" });
  host.write(
    "/etc/cni/net.d/multus.d/daemon-config.json",
    '{"clusterNetwork":"/host/etc/cni/net.d/10-n.conflist"}',
  );
  expect(await find(host, "multus")).toEqual([
    expect.stringContaining("error: Multus' default network is its own file"),
  ]);
});

test("daemon: a socket, a port of another network namespace, and plugins of which nothing is known", async () => {
  const host = hostWith({ type: "multus-shim", daemonSocketDir: "/run/multus/socket" });
  expect(await find(host, "daemon")).toEqual([
    "error: multus-daemon takes no connection on /run/multus/socket/multus.sock (ENOENT)",
  ]);
  await listenAt(host.path("/run/multus/socket/multus.sock"));
  expect(await find(host, "daemon")).toEqual([]);
  expect(await find(hostWith({ type: "aws-cni" }), "daemon")).toEqual([
    "unknown: whether ipamd (aws-node) takes connections: it cannot be reached from here",
  ]);
  expect(
    await find(hostWith({ type: "bridge", ipam: { type: "foo-ipam" } }, { type: "foo" }), "daemon"),
  ).toEqual(["unknown: whether foo, foo-ipam can work: this doctor does not know them"]);
  expect(await find(hostWith({ type: "bridge", ipam: { type: "host-local" } }), "daemon")).toEqual([]);
});

test("daemon: a port of this machine that nobody listens on", async () => {
  const host = hostWith({ type: "aws-cni" });
  const run = cnitap("doctor", "--json", "--conf-dir", host.confDir, "--bin-dir", host.path("/opt/cni/bin"));
  expect(await report(run, "daemon")).toEqual([
    "error: ipamd (aws-node) takes no connection on 127.0.0.1:50051 (ECONNREFUSED)",
  ]);
});

test("lost-taps: comes first, and says what each retry costs", async () => {
  const host = complete(useHost());
  await host.cnitap("install");
  chmodSync(host.path("/opt/cni/bin/cni_pre"), 0o644);
  rmSync(host.path("/opt/cni/bin/cni_post"));
  const { code, out } = await host.cnitap("doctor");
  expect(code).toBe(3);
  expect(out.split("\n").slice(0, 4)).toEqual([
    "error    /opt/cni/bin/cni_pre is not executable",
    "         chmod 755 /opt/cni/bin/cni_pre",
    "error    cni_post is not in /opt/cni/bin",
    "         Run cnitap install; until then every pod of its network fails, and each retry may leave an address.",
  ]);
});

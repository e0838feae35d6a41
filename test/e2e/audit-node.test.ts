import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { podNetwork } from "../../scripts/containerd/conflist.ts";
import type { ContainerdNode } from "../../scripts/containerd/node.ts";
import { NODE_CODES } from "../../src/node-state/findings/codes.ts";
import { CNITAP } from "../cli/support/spawn.ts";
import { tapPath } from "../support/run-tap.ts";
import { describeAsRoot, useBareNode } from "./support/node.ts";

const FILE = "10-k8s-pod-network.conflist";
const PODS = 50;
const TOGETHER = 10;
const TOKEN = "/run/kubeconfig";
const jwt = (exp: number) => `e30.${Buffer.from(JSON.stringify({ exp })).toString("base64url")}.x`;
const ranges = [[{ subnet: "10.244.1.0/24" }], [{ subnet: "fd00:244::/64" }]];
const network = podNetwork({
  tap: { logFormat: "json" },
  bridge: {
    kubeconfig: TOKEN,
    enabledad: false,
    ipam: { type: "host-local", ranges, routes: [{ dst: "0.0.0.0/0" }] },
  },
});
/** A second network, whose range has four addresses. */
const SMALL = JSON.stringify({
  cniVersion: "1.0.0",
  name: "small",
  plugins: [
    {
      type: "bridge",
      bridge: "cni9",
      ipam: { type: "host-local", subnet: "10.9.9.0/24", rangeEnd: "10.9.9.5" },
    },
  ],
});

interface Found {
  readonly code: string;
  readonly name: string | null;
  readonly files: readonly string[];
  readonly sentence: string;
}

describeAsRoot("cnitap audit --node and cnitap doctor on a real containerd", () => {
  const node = useBareNode({
    taps: { pre: tapPath("pre"), post: tapPath("post") },
    conflists: { [FILE]: network, "20-small.conflist": SMALL },
  });
  const shell = (script: string) => node().exec("sh", "-c", script);

  /** Runs cnitap on the node itself. */
  async function cnitap(...args: string[]): Promise<{ code: number; out: string }> {
    const socket = join(node().folder, "run/containerd.sock");
    const words = [CNITAP, ...args, "--runtime-endpoint", socket].map((word) => `'${word}'`).join(" ");
    const all = await shell(`${words} 2>&1; echo "exit $?"`);
    const at = all.lastIndexOf("exit ");
    return { code: Number(all.slice(at + 5)), out: all.slice(0, at) };
  }

  async function audit(...args: string[]): Promise<{ code: number; found: Found[] }> {
    const { code, out } = await cnitap("audit", "--node", "--json", "--log-file", "/tmp/cni.log", ...args);
    const lines = out.split("\n").filter((line) => line.startsWith('{"code"'));
    const found: Found[] = lines.map((line) => JSON.parse(line));
    return { code, found: found.filter(({ code: one }) => one !== "slow") }; // this machine may be busy
  }

  async function doctorErrors(): Promise<string[]> {
    const { out } = await cnitap("doctor", "--json");
    const { checks }: { checks: { id: string; findings: { level: string }[] }[] } = JSON.parse(out);
    return checks
      .filter(({ findings }) => findings.some(({ level }) => level === "error"))
      .map(({ id }) => id);
  }

  const ids: string[] = [];

  it(`finds nothing on a healthy node with ${PODS} pods, host ports and both families`, async () => {
    await shell(`printf 'users:\n- user:\n    token: ${jwt(4_000_000_000)}\n' >${TOKEN}`);
    // portmap makes the chains that all pods share for the first one, and two first ones at once may fail.
    ids.push(await runPod(node(), 0));
    for (let first = 1; first < PODS; first += TOGETHER) {
      const count = Math.min(TOGETHER, PODS - first);
      const some = Array.from({ length: count }, (_, n) => runPod(node(), first + n));
      ids.push(...(await Promise.all(some)));
    }
    // What somebody has made by hand is nobody's business.
    await shell(
      `touch /run/netns/blue && unshare --net=/run/netns/blue true && ${hostLocal(join(node().folder, "cni/bin"), "by-hand", "hand")}`,
    );
    expect(await audit()).toEqual({ code: 0, found: [] });
    expect(await doctorErrors()).toEqual([]);
  });

  it("finds nothing while pods are made and ended", async () => {
    let churns = true;
    const churn = async (n: number) => {
      for (let at = n; churns; at += 4) {
        const id = await runPod(node(), 100 + (at % 100));
        await node().stopPod(id);
        await node().removePod(id);
      }
    };
    const all = [0, 1, 2, 3].map(churn);
    for (const again of ["0.5", "1"]) {
      const { found } = await audit("--again", again);
      expect(found.filter(({ code }) => code in NODE_CODES)).toEqual([]);
    }
    churns = false;
    await Promise.all(all);
  });

  it("finds each condition that was made for real, repairs what is safe, and nothing is left once all is undone", async () => {
    const [broken = "", gone = "", unmounted = "", renamed = ""] = ids;
    const cache = (id: string) => `/var/lib/cni/results/k8s-pod-network-${id}-eth0`;
    const plugins = join(node().folder, "cni/bin");
    const rules = await shell("iptables-save -t nat");
    // libcni before 1.3 does not keep the namespace itself.
    const { interfaces }: { interfaces: readonly { sandbox?: string }[] } = JSON.parse(
      await shell(`cat ${cache(unmounted)}`),
    ).result;
    const netns = interfaces.find(({ sandbox }) => sandbox)?.sandbox;
    const stale = rules
      .split("\n")
      .filter((line) => line.includes(gone) && line.startsWith("-A CNI-HOSTPORT-DNAT"));
    const chain = stale[0]?.split(" ").at(-1);
    const ip = JSON.parse(await shell(`cat ${cache(renamed)}`)).result.ips[0].address.split("/")[0];

    // What a reboot leaves of a pod that nobody ended: its files, older than the boot.
    await shell(
      `mkdir /run/kept && cd /var/lib/cni && cp --parents -a results/*${gone}* $(grep -l ${gone} networks/*/*) /run/kept`,
    );
    await node().stopPod(gone);
    await node().removePod(gone);
    await shell(
      "cp -r /run/kept/* /var/lib/cni && cd /run/kept && find . -type f | sed s,^,/var/lib/cni/, | xargs touch -d @1000",
    );
    // A firewall was flushed, and the rules of the pod that is gone were written again.
    await shell(
      `ip6tables-save -t nat >/run/rules6; iptables -t nat -F; ip6tables -t nat -F; iptables -t nat -N ${chain} 2>/dev/null; ${stale.map((line) => `iptables -t nat ${line}`).join("; ")}`,
    );
    // A crash left empty files, of libcni and of host-local; a range of four addresses is used up.
    await shell(
      `cp -a ${cache(broken)} /run/broken; : >${cache(broken)}; : >/var/lib/cni/networks/k8s-pod-network/10.244.1.250`,
    );
    const taken = [4, 5, 6, 7].map((n) => hostLocal(plugins, ids[n] ?? ""));
    await shell(taken.join(" && "));
    // A namespace was unmounted, another one left behind; the host has a pod's address.
    const left = "cni-01234567-89ab-cdef-0123-456789abcdef";
    await shell(`umount ${netns} && ip netns add ${left} && ip addr add ${ip}/32 dev lo`);

    const { code, found } = await audit();
    expect(code).toBe(3);
    const of = (wanted: string) => found.filter((one) => one.code === wanted);
    const names = (wanted: string) => of(wanted).map(({ name }) => name);
    expect([...new Set(found.map((one) => one.code))].sort()).toEqual(
      [
        ...["cache-broken", "cache-orphan", "hostport-missing", "hostport-stale", "ipam-empty", "ipam-full"],
        ...["ipam-stale", "netns-left", "result-host-ip"],
      ].sort(),
    );
    expect(of("cache-broken").map(({ files }) => files)).toEqual([[cache(broken)]]);
    expect(new Set(names("cache-orphan"))).toEqual(new Set(["web-1", "web-2"]));
    expect(names("hostport-missing")).toHaveLength(PODS - 3); // not of those three
    expect(names("hostport-stale")).toEqual(["web-1"]);
    expect(of("ipam-empty")[0]?.files).toEqual(["/var/lib/cni/networks/k8s-pod-network/10.244.1.250"]);
    expect(of("ipam-stale")[0]?.files).toHaveLength(2); // of each family one
    expect(of("ipam-full")[0]?.sentence).toContain(
      "Network small has no address left in 10.9.9.0/24 to 10.9.9.5: all 4 are taken",
    );
    expect(of("netns-left")[0]?.files).toEqual([`/run/netns/${left}`]);
    expect(names("result-host-ip")).toEqual(["web-3"]);

    const { out } = await cnitap("audit", "--node", "--repair", "--yes", "--again", "0");
    const removed = [...out.matchAll(/^removed (\S+); copy: (\S+)$/gm)];
    expect(removed.map(([, path]) => path).sort()).toEqual(
      [
        "/var/lib/cni/networks/k8s-pod-network/10.244.1.250",
        ...(of("ipam-stale")[0]?.files ?? []),
        ...of("cache-orphan")
          .filter(({ name }) => name === "web-1")
          .flatMap(({ files }) => files),
      ].sort(),
    );
    await shell(removed.map(([, path, copy]) => `test -f ${copy} && ! test -e ${path}`).join(" && "));

    // All is undone by the command that the advice names, or as it was made.
    await shell(
      `rm ${cache(broken)}; cp -a /run/broken ${cache(broken)}; ip netns delete ${left}; ip addr del ${ip}/32 dev lo; rm -r /var/lib/cni/networks/small`,
    );
    const pid = `$(grep -l '/${unmounted}$' /proc/[0-9]*/cgroup | head -n 1 | cut -d / -f 3)`;
    await shell(`mount --bind /proc/${pid}/ns/net ${netns}`);
    const kept = rules
      .split("\n")
      .filter((line) => !line.includes(gone))
      .join("\n");
    execFileSync(
      "nsenter",
      ["-t", String(node().pid), "-n", "-m", "-r", "--", join(node().folder, "bin/iptables-restore")],
      { input: kept },
    );
    await shell("ip6tables-restore </run/rules6");
    await shell(`ip6tables-save -t nat | grep -v ${gone} | ip6tables-restore`);
    expect(await audit()).toEqual({ code: 0, found: [] });
  });

  it("doctor names a plugin of another processor, an expired token, and a tap that is gone", async () => {
    const plugins = join(node().folder, "cni/bin");
    const machine = process.arch === "x64" ? "\\267" : "\\076"; // ARM64, x86-64
    await shell(
      `cd ${plugins} && cp --remove-destination $(readlink portmap) portmap && printf '${machine}\\000' | dd of=portmap bs=1 seek=18 conv=notrunc 2>/dev/null && mv cni_pre /run/cni_pre && printf 'users:\n- user:\n    token: ${jwt(1_600_000_000)}\n' >${TOKEN}`,
    );
    expect(await doctorErrors()).toEqual(["lost-taps", "executables", "plugin-answers", "kubeconfig"]);
    const { code, out } = await cnitap("doctor");
    expect(code).toBe(3);
    expect(out).toMatch(
      /^error {4}cni_pre is not in .*\n.*every pod of its network fails, and each retry may leave an address/,
    );
    await shell(
      `cd ${plugins} && ln -sf ../../un/usr/lib/cni/portmap portmap && mv /run/cni_pre . && printf 'users:\n- user:\n    token: ${jwt(4_000_000_000)}\n' >${TOKEN}`,
    );
    expect(await doctorErrors()).toEqual([]);
  });
});

async function runPod(node: ContainerdNode, n: number): Promise<string> {
  const portMappings = [{ protocol: "TCP" as const, container_port: 80, host_port: 20_000 + n }];
  return (await node.runPod({ name: `web-${n}`, portMappings })).id;
}

/** The command that has host-local give an address of the small network, or of one like it, to a pod. */
function hostLocal(plugins: string, id: string, name = "small"): string {
  const conf = JSON.stringify({
    cniVersion: "1.0.0",
    name,
    ipam: JSON.parse(SMALL).plugins[0].ipam,
  });
  return `echo '${conf}' | CNI_COMMAND=ADD CNI_CONTAINERID=${id} CNI_NETNS=/x CNI_IFNAME=net1 CNI_PATH=${plugins} ${plugins}/host-local >/dev/null`;
}

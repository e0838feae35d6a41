import { existsSync, mkdirSync, symlinkSync, utimesSync } from "node:fs";
import { dirname } from "node:path";
import type { Host } from "./host.ts";

/** A container ID as runtimes make them. */
export const idOf = (n: number) => (n * 7919).toString(16).padStart(64, "a");

/** A process, as a host's /proc shows it. */
export function writeProcess(host: Host, pid: number, command: string, path = "/usr/bin:/bin"): void {
  host.write(`/proc/${pid}/cmdline`, command.replaceAll(" ", "\0"));
  host.write(`/proc/${pid}/environ`, `LANG=C\0PATH=${path}\0`);
  host.write(`/proc/${pid}/cgroup`, "0::/\n");
  const link = host.path(`/proc/${pid}/ns/net`);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync("net:[4026531840]", link);
}

/** What every node has: the link /var/run, process 1, the time of the boot, the host's addresses. */
export function writeSystem(host: Host): void {
  if (!existsSync(host.path("/var/run"))) symlinkSync("/run", host.path("/var/run")); // absolute, as on a node
  writeProcess(host, 1, "/sbin/init");
  host.write("/proc/stat", "cpu 1 2 3\nbtime 1700000000\n");
  host.write("/proc/1/net/fib_trie", "Local:\n  |-- 192.168.0.5\n     /32 host LOCAL\n");
}

export interface PodFiles {
  readonly n: number;
  readonly list: { readonly name: string };
  /** The directory of host-local's files; null if another IPAM gives the addresses. */
  readonly dataDir: string | null;
  readonly addresses: readonly string[];
}

/** What a live pod has on a node: its shim, its file in libcni's cache, its addresses. */
export function writePod(host: Host, { n, list, dataDir, addresses }: PodFiles): void {
  const id = idOf(n);
  writeProcess(host, 1000 + n, `/usr/bin/containerd-shim-runc-v2 -namespace k8s.io -id ${id}`);
  const netns = `/var/run/netns/cni-00000000-0000-0000-0000-${String(n).padStart(12, "0")}`;
  host.write(
    `/var/lib/cni/results/${list.name}-${id}-eth0`,
    JSON.stringify({
      ...{ kind: "cniCacheV1", containerId: id, ifName: "eth0", networkName: list.name, netns },
      config: Buffer.from(JSON.stringify(list)).toString("base64"),
      cniArgs: [
        ["K8S_POD_NAMESPACE", "default"],
        ["K8S_POD_NAME", `web-${n}`],
      ],
      result: {
        cniVersion: "1.0.0",
        interfaces: [{ name: "eth0", sandbox: netns }],
        ips: addresses.map((address) => ({ address: `${address}/24`, interface: 0 })),
      },
    }),
  );
  if (dataDir === null) return;
  for (const address of addresses) host.write(`${dataDir}/${list.name}/${address}`, `${id}\r\neth0`);
  host.write(`${dataDir}/${list.name}/lock`, "");
  host.write(`${dataDir}/${list.name}/last_reserved_ip.0`, addresses[0] ?? "");
}

/** Makes a file older than the boot. */
export function makeOld(host: Host, path: string): void {
  utimesSync(host.path(path), 1_600_000_000, 1_600_000_000);
}

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http2";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT } from "../cache-dir.ts";
import { run } from "./read.ts";
import { median, table } from "./table.ts";

const PODS = 500;
const NETWORKS = 10;
/** A container, a shim, and what else a node runs for each pod. */
const PROCESSES_A_POD = 6;
const ROUNDS = 5;
const CNITAP = join(ROOT, "bin", "cnitap");

/** `cnitap audit --node` on the files of a node with many pods, and a runtime that lists them. */
export async function benchNode(progress: (line: string) => void): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), "cni-tap-bench-node-"));
  const socket = join(root, "run/containerd/containerd.sock");
  progress(`making a node with ${PODS} pods`);
  writeNode(root);
  const runtime = serveRuntime();
  try {
    await new Promise<void>((resolve) => runtime.listen(socket, resolve));
    const costs: Awaited<ReturnType<typeof run>>[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      progress(`looking at it, round ${round + 1} of ${ROUNDS}`);
      const args = ["audit", "--node", "--host-root", root, "--again", "0"];
      costs.push(await run({ name: "node", command: CNITAP, args }));
    }
    const of = (key: keyof (typeof costs)[number]) => median(costs.map((cost) => cost[key]));
    const files = `${PODS} pods, ${PODS * NETWORKS} files of host-local, ${PODS * 2} of libcni, ${PODS * PROCESSES_A_POD} processes`;
    const row = [
      "cnitap audit --node",
      of("seconds").toFixed(2),
      of("cpuSeconds").toFixed(2),
      of("peakMb").toFixed(0),
    ];
    return [
      `### Looking once at a node with ${files}`,
      table(["", "s", "processor s", "MB resident, most"], [row]),
    ];
  } finally {
    runtime.close();
    rmSync(root, { recursive: true, force: true });
  }
}

const idOf = (n: number) => n.toString(16).padStart(64, "0");
const networkOf = (n: number) => `net-${n}`;
const listOf = (name: string, n: number) => ({
  ...{ name, cniVersion: "1.0.0" },
  plugins: [
    { type: "bridge", ipam: { type: "host-local", subnet: `10.${n}.0.0/20` } },
    { type: "portmap", capabilities: { portMappings: true } },
  ],
});

function writeNode(root: string): void {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  mkdirSync(join(root, "run/containerd"), { recursive: true });
  writeProcess(root, 1, "/sbin/init\0");
  write("proc/stat", "btime 1700000000\n");
  for (let n = 0; n < NETWORKS; n++)
    write(`etc/cni/net.d/${n}0.conflist`, JSON.stringify(listOf(networkOf(n), n)));
  for (let pod = 0; pod < PODS; pod++) {
    const id = idOf(pod);
    for (const [name, ifname] of [
      [networkOf(0), "eth0"],
      ["cni-loopback", "lo"],
    ] as const)
      write(`var/lib/cni/results/${name}-${id}-${ifname}`, cachedText(pod, name, ifname));
    for (let n = 0; n < NETWORKS; n++)
      write(`var/lib/cni/networks/${networkOf(n)}/10.${n}.${pod >> 8}.${pod & 255}`, `${id}\r\nnet${n}`);
    for (let more = 0; more < PROCESSES_A_POD; more++)
      writeProcess(
        root,
        1000 + pod * PROCESSES_A_POD + more,
        `/usr/bin/containerd-shim-runc-v2\0-id\0${id}\0`,
      );
  }
}

function writeProcess(root: string, pid: number, command: string): void {
  const folder = join(root, "proc", String(pid));
  mkdirSync(join(folder, "ns"), { recursive: true });
  writeFileSync(join(folder, "cmdline"), command);
  writeFileSync(join(folder, "environ"), `${"VARIABLE=value\0".repeat(100)}PATH=/usr/bin\0`);
  writeFileSync(join(folder, "cgroup"), "0::/kubepods.slice/kubepods-burstable.slice\n");
  symlinkSync("net:[4026531840]", join(folder, "ns/net"));
}

function cachedText(pod: number, networkName: string, ifName: string): string {
  const netns = `/var/run/netns/cni-${String(pod).padStart(36, "0")}`;
  return JSON.stringify({
    ...{ kind: "cniCacheV1", containerId: idOf(pod), ifName, networkName, netns },
    config: Buffer.from(JSON.stringify(listOf(networkName, 0))).toString("base64"),
    cniArgs: [
      ["K8S_POD_NAMESPACE", "default"],
      ["K8S_POD_NAME", `web-${pod}`],
    ],
    capabilityArgs: { portMappings: [{ hostPort: 8000 + pod, containerPort: 80, protocol: "TCP" }] },
    result: {
      interfaces: [{ name: ifName, sandbox: netns }],
      ips: [{ address: `10.0.${pod >> 8}.${pod & 255}/20` }],
    },
  });
}

/** A runtime that says its version and lists the pods (runtime.v1). */
function serveRuntime() {
  const server = createServer();
  server.on("stream", (stream, headers) => {
    const method = headers[":path"]?.split("/").at(-1);
    const pods = () => Buffer.concat(Array.from({ length: PODS }, (_, pod) => field(1, field(1, idOf(pod)))));
    const version = Buffer.concat([field(2, "containerd"), field(3, "v2.1.9")]);
    const message = method === "Version" ? version : method === "ListPodSandbox" ? pods() : Buffer.alloc(0);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(Buffer.concat([head, message]));
  });
  return server;
}

/** A Protocol Buffers field of fewer than 128 bytes. */
function field(number: number, value: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, Buffer.byteLength(value)]), Buffer.from(value)]);
}

/**
 * `node scripts/bench/nri.ts`: what `cni-tap/nri` costs; decoding in this process, the rest in a process of its own,
 * which runs JavaScript as an installed package does.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { build } from "esbuild";
import { encode } from "../../src/nri/encode.ts";
import { Plugin, RunPodSandboxRequestSchema } from "../../src/nri/gen/api_pb.js";
import { RequestSchema } from "../../src/nri/gen/ttrpc_pb.js";
import { Session } from "../../src/nri/session.ts";
import { encodeMessage, MessageType } from "../../src/nri/wire/message.ts";
import { Connection, encodeFrames, MuxDecoder } from "../../src/nri/wire/mux.ts";
import { RuntimeConnection } from "../nri/runtime-connection.ts";

const pod = {
  id: "9f75fa62d5c5d6749d1152804e57b31c20c617f203f969a5f8e9dc91532c63c2",
  ...{ name: "web-5d4f8c7b9-x2x7k", uid: "f3edd77a-2a07-4eb6-96f6-02c1d89e04e8", namespace: "shop" },
  labels: Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [`app.kubernetes.io/label-${i}`, `value-${i}`]),
  ),
  annotations: { "kubernetes.io/config.source": "api", "kubernetes.io/config.seen": "2026-11-21T05:00:00Z" },
  ...{ runtimeHandler: "runc", pid: 4242, ips: ["10.244.1.7"] },
  linux: {
    cgroupParent: "/kubepods/besteffort/podf3edd77a-2a07-4eb6-96f6-02c1d89e04e8",
    namespaces: [{ type: "pid" }, { type: "ipc" }, { type: "network", path: "/var/run/netns/cni-d5e643e3" }],
  },
};
const container = {
  ...{ id: pod.id, podSandboxId: pod.id, name: "main", labels: pod.labels },
  args: ["nginx"],
};
const eventBytes = encode(RunPodSandboxRequestSchema, { pod });

decoding();
await measureProcess();

function decoding(): void {
  const count = 50_000;
  const call = (streamId: number) => {
    const request = {
      service: Plugin.typeName,
      method: "RunPodSandbox",
      payload: eventBytes,
      timeoutNano: 2n,
    };
    return encodeFrames(
      Connection.plugin,
      encodeMessage(streamId, MessageType.request, encode(RequestSchema, request)),
    );
  };
  const bytes = Buffer.concat(Array.from({ length: count }, (_, i) => call(2 * i + 1)));
  const chunks = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, i) =>
    bytes.subarray(i * 65_536, (i + 1) * 65_536),
  );
  perSecond("frames decoded", count, () => {
    const mux = new MuxDecoder();
    for (const chunk of chunks) mux.push(chunk, () => {});
  });
  perSecond("events decoded and answered by the session", count, () => {
    const session = new Session();
    for (const chunk of chunks) {
      session.receive(chunk, 0);
      for (const output of session.take())
        if (output.kind === "call") session.respond(output.call, new Uint8Array(0), 0);
    }
  });
  perSecond("the same messages by protobuf-es alone", count, () => {
    for (let i = 0; i < count; i++) fromBinary(RunPodSandboxRequestSchema, eventBytes);
  });
}

function perSecond(what: string, count: number, run: () => void): void {
  run();
  const seconds = Array.from({ length: 5 }, () => {
    const start = performance.now();
    run();
    return (performance.now() - start) / 1000;
  }).sort((a, b) => a - b);
  print(what, `${Math.round(count / (seconds[2] ?? 1)).toLocaleString("en")} a second`);
}

async function measureProcess(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cni-tap-bench-"));
  try {
    await build({
      entryPoints: [join(import.meta.dirname, "nri-plugin.ts")],
      outfile: join(folder, "plugin.mjs"),
      ...{ bundle: true, format: "esm", platform: "node", target: "node20", logLevel: "warning" },
    });
    const socket = join(folder, "nri.sock");
    const server = createServer().listen(socket);
    await once(server, "listening");
    await events(server, socket);
    await synchronize(server, socket, 9000);
    await synchronize(server, socket, 20_000);
    server.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startPlugin(server: ReturnType<typeof createServer>, socket: string) {
  const startMs = performance.now();
  const script = join(dirname(socket), "plugin.mjs");
  const child = spawn(process.execPath, [script, socket], { stdio: ["ignore", "ignore", "inherit"] });
  const arrived: Socket[] = await once(server, "connection");
  const [peer] = arrived;
  if (!peer) throw new Error("Cannot measure: no plugin came");
  const connection = new RuntimeConnection(peer, true);
  await connection.registration;
  const registeredMs = performance.now() - startMs;
  const ended = once(child, "exit");
  return {
    ...{ connection, registeredMs },
    memory: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      const read = (name: string) =>
        Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
      return `${read("VmRSS")} MB (most ${read("VmHWM")} MB)`;
    },
    stop: async () => {
      peer.destroy();
      await ended;
    },
  };
}

async function events(server: ReturnType<typeof createServer>, socket: string): Promise<void> {
  const { connection, registeredMs, memory, stop } = await startPlugin(server, socket);
  print("start of the process to registered", `${registeredMs.toFixed(0)} ms`);
  await connection.start();
  print("resident memory, idle", memory());
  const ask = () => connection.call("RunPodSandbox", eventBytes);
  for (let i = 0; i < 5000; i++) await ask();
  const tripsMs: number[] = [];
  const startMs = performance.now();
  for (let i = 0; i < 20_000; i++) {
    const sentMs = performance.now();
    await ask();
    tripsMs.push(performance.now() - sentMs);
  }
  const seconds = (performance.now() - startMs) / 1000;
  tripsMs.sort((a, b) => a - b);
  const at = (share: number) => `${tripsMs[Math.floor(tripsMs.length * share)]?.toFixed(3)} ms`;
  print("round trip of an event", `${at(0.5)} median, ${at(0.99)} p99`);
  print("events one by one", `${Math.round(20_000 / seconds).toLocaleString("en")} a second`);
  const togetherMs = performance.now();
  let left = 80_000;
  const worker = async () => {
    while (left-- > 0) await ask();
  };
  await Promise.all(Array.from({ length: 64 }, worker));
  const together = 80_000 / ((performance.now() - togetherMs) / 1000);
  print("events with 64 under way", `${Math.round(together).toLocaleString("en")} a second`);
  print("resident memory after 100,000 events", memory());
  await stop();
}

/** Parts as a runtime cuts them, a tenth each. */
async function synchronize(
  server: ReturnType<typeof createServer>,
  socket: string,
  count: number,
): Promise<void> {
  const { connection, memory, stop } = await startPlugin(server, socket);
  await connection.ask(Plugin.method.configure, { runtimeName: "containerd", runtimeVersion: "v2.3.4" });
  const size = count / 10;
  const startMs = performance.now();
  for (let part = 1; part <= 10; part++) {
    await connection.ask(Plugin.method.synchronize, {
      ...{ pods: Array(size).fill(pod), containers: Array(size).fill(container), more: part < 10 },
    });
  }
  const tookMs = performance.now() - startMs;
  print(`Synchronize of ${count} pods and containers`, `${(tookMs / 1000).toFixed(2)} s, ${memory()}`);
  await stop();
}

function print(what: string, value: string): void {
  console.log(`${what.padEnd(48)} ${value}`);
}

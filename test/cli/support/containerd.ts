import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http2";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { grpcFrame, replyGrpc } from "../../support/grpc.ts";
import type { Host } from "./host.ts";

/** The facts that a runtime reports. */
export interface RuntimeFacts {
  readonly name?: string;
  readonly version?: string;
  readonly confDir?: string;
  readonly binDirs?: readonly string[];
  readonly maxConfNum?: number;
  readonly loadStatus?: string;
  /** If false, it never loads changed files. */
  readonly loads?: boolean;
  /** Its pod sandboxes. */
  readonly pods?: readonly { readonly id: string; readonly namespace: string; readonly name: string }[];
  /** Its answer about its networks, in place of the real one; null for none. */
  readonly cniConfig?: string | null;
}

export interface Containerd {
  stop(): Promise<void>;
}

/** Protocol Buffers: a field of bytes. */
function field(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = [];
  for (let rest = bytes.length; ; rest >>= 7) {
    if (rest < 128) return Buffer.concat([Buffer.from([(number << 3) | 2, ...length, rest]), bytes]);
    length.push((rest & 127) | 128);
  }
}

interface ListFile {
  readonly name: string;
  readonly type?: string;
  readonly plugins?: readonly { readonly type: string }[];
}

/** The networks of a directory as containerd reports them: its first file, or none if that is broken. */
function networksOf(directory: string): unknown[] {
  const [file] = readdirSync(directory)
    .filter((name) => /\.conf(list)?$/.test(name))
    .sort();
  if (file === undefined) return [];
  const Source = readFileSync(join(directory, file), "utf8");
  try {
    const list: ListFile = JSON.parse(Source);
    const types = list.plugins?.map(({ type }) => type) ?? [list.type];
    return [{ Config: { Name: list.name, Source, Plugins: types.map((type) => ({ Network: { type } })) } }];
  } catch {
    return [];
  }
}

/** A containerd at a host's socket that reports these facts, and loads what is in its directory of networks. */
export async function useContainerd(
  host: Host,
  facts: RuntimeFacts = {},
  socket?: string,
): Promise<Containerd> {
  const { name = "containerd", version = "v2.1.9", confDir = "/etc/cni/net.d", loads = true } = facts;
  const before = networksOf(host.path(confDir));
  const server = createServer();
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    const cni = JSON.stringify({
      PluginDirs: facts.binDirs ?? ["/opt/cni/bin"],
      PluginConfDir: confDir,
      PluginMaxConfNum: facts.maxConfNum ?? 1,
      Networks: loads ? networksOf(host.path(confDir)) : before,
    });
    const { cniConfig = cni } = facts;
    const info: [string, string][] = [["lastCNILoadStatus", facts.loadStatus ?? "OK"]];
    if (cniConfig !== null) info.push(["cniconfig", cniConfig]);
    const status = info.map(([key, value]) => field(2, Buffer.concat([field(1, key), field(2, value)])));
    const about = [field(1, "0.1.0"), field(2, name), field(3, version)];
    const pods = (facts.pods ?? []).map(({ id, ...pod }) =>
      field(
        1,
        Buffer.concat([field(1, id), field(2, Buffer.concat([field(1, pod.name), field(3, pod.namespace)]))]),
      ),
    );
    const method = headers[":path"]?.split("/").at(-1);
    const answer = method === "Version" ? about : method === "ListPodSandbox" ? pods : status;
    replyGrpc(stream, grpcFrame(Buffer.concat(answer)));
  });
  const path = host.path(socket ?? "/run/containerd/containerd.sock");
  mkdirSync(dirname(path), { recursive: true });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()));
  onTestFinished(() => void stop());
  return { stop };
}

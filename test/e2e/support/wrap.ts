import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContainerdNode } from "../../../scripts/containerd/node.ts";
import { type Pod, runContainer } from "../../../scripts/containerd/pods.ts";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { parseLogLine } from "../../../src/log/log-line.ts";
import { buildRecorder } from "../../support/recorder.ts";
import { WRAP } from "../../support/wrap-path.ts";

/** A plugin's entry in a list. */
export type Stanza = Readonly<Record<string, unknown>> & { readonly type: string };

/** A line of cni_wrap; a begin has no `exit` and no `signal`. */
export interface Line {
  readonly pid: number | null;
  readonly command: string;
  readonly containerId: string | null;
  readonly plugin: string;
  readonly ended: boolean;
  readonly exit: number | null;
  readonly signal: number | null;
  readonly stderr: string | null;
  /** The input; at the end, the output. */
  readonly content: unknown;
}

/** The plugins of `plugins/`, cni_wrap, and two recorders; for `NodeOptions.plugins`. */
export function testPlugins(): Record<string, string> {
  const folder = join(import.meta.dirname, "plugins");
  const recorder = buildRecorder(join(tmpdir(), "recorder"));
  return {
    ...Object.fromEntries(readdirSync(folder).map((name) => [name, join(folder, name)])),
    cni_wrap: WRAP,
    recorder,
    "recorder-bare": recorder,
  };
}

export function hostLocal(subnet: string): object {
  return { type: "host-local", ranges: [[{ subnet }]], routes: [{ dst: "0.0.0.0/0" }] };
}

export const bridge: Stanza = {
  ...{ type: "bridge", bridge: "cni0", isGateway: true, hairpinMode: true },
  ...{ ipMasq: true, ipMasqBackend: "iptables", ipam: hostLocal("10.244.1.0/24") },
};

/** The entry of a plugin that cni_wrap stands in for. */
export function wrapped({ type, ...rest }: Stanza, settings: object = {}): Stanza {
  return { type: "cni_wrap", cniTap: { type, logFormat: "json", ...settings }, ...rest };
}

export function listOf(plugins: readonly Stanza[], cniVersion = "1.0.0"): string {
  return JSON.stringify({ cniVersion, name: "k8s-pod-network", plugins });
}

/** cni_wrap's lines of a container. Throws at a line of something else. */
export function linesOf(log: string, id: string): Line[] {
  const lines = log.split("\n");
  if (lines.pop() !== "") throw new Error("Cannot read the log: its last line has no line feed");
  return lines.filter((line) => line.includes(id)).map(readLine);
}

function readLine(text: string): Line {
  const read = parseLogLine(text);
  if (read?.kind !== "wrap") throw new Error(`Cannot read the log: this is not a line of cni_wrap: ${text}`);
  const { pid, command, containerId, plugin, end } = read;
  const { exit = null, signal = null, stderr = null } = end ?? {};
  const ended = { ended: end !== null, exit, signal, stderr };
  return { pid, command, containerId, plugin, ...ended, content: JSON.parse(read.content.json) };
}

/** A line in words: "ADD bridge", "ADD bridge: exit 0", "ADD bridge: signal 9". */
export function brief({ command, plugin, ended, exit, signal }: Line): string {
  const call = `${command} ${plugin}`;
  if (!ended) return call;
  return exit === null ? `${call}: signal ${signal}` : `${call}: exit ${exit}`;
}

/** The lines of plugins that are called one after the other and succeed. Those in an array call each other. */
export function calls(command: string, plugins: readonly (string | readonly [string, string])[]): string[] {
  return plugins.flatMap((plugin) => {
    if (typeof plugin === "string") return [`${command} ${plugin}`, `${command} ${plugin}: exit 0`];
    const [caller, delegate] = plugin;
    return [`${command} ${caller}`, ...calls(command, [delegate]), `${command} ${caller}: exit 0`];
  });
}

/** Starts a server in a pod, which answers each connection to port 80 with the pod's name. */
export async function serve(node: ContainerdNode, pod: Pod): Promise<void> {
  const server = ["nc", "-ll", "-p", "80", "-e", "echo", pod.config.metadata.name];
  await runContainer(node.cri, pod, "server", server);
}

/** What a server says to a pod. */
export async function askFrom(node: ContainerdNode, pod: Pod, ip: string): Promise<string> {
  const container_id = await runContainer(node.cri, pod, "client");
  return await waitFor(`an answer of ${ip}`, async () => {
    const cmd = ["nc", "-w", "2", ip, "80"];
    const { stdout } = await node.cri.call("ExecSync", { container_id, cmd, timeout: 5 });
    return stdout.toString().trim() || undefined;
  });
}

/** What a server says to the node itself. */
export async function askFromNode(node: ContainerdNode, ip: string, port: number): Promise<string> {
  return await waitFor(`an answer of ${ip}:${port}`, async () => {
    const out = await node.exec("busybox", "nc", "-w", "2", ip, `${port}`).catch(() => "");
    return out.trim() || undefined;
  });
}

export async function endPod(node: ContainerdNode, { id }: Pod): Promise<void> {
  await node.stopPod(id);
  await node.removePod(id);
}

import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { ContainerdNode } from "../../../scripts/containerd/node.ts";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { CNITAP } from "../../cli/support/spawn.ts";
import { share } from "./launching.ts";

/** network-device-injector on a node, in the node's namespaces. */
export interface NodeInjector {
  /** All that it has written to standard error so far. */
  said(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Starts it. Returns after its synchronization. It is killed when the running test ends. */
export async function startInjector(node: ContainerdNode): Promise<NodeInjector> {
  const cnitap = join(node.folder, "nri/cnitap");
  await share(CNITAP, cnitap);
  const enter = ["-t", String(node.pid), "-m", "-u", "-i", "-n", "-p", "-r", "-w", "--"];
  const args = ["plugin", "network-device-injector", "-idx", "10", "-socket", node.nriSocket];
  const child = spawn("nsenter", [...enter, cnitap, ...args], {
    env: {},
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (words: string) => {
    said += words;
  });
  const ended = new Promise<void>((resolve) =>
    child.on("close", () => resolve()).on("error", () => resolve()),
  );
  const kill = async (signal: NodeJS.Signals) => {
    const inside = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").catch(() => "");
    if (inside.trim() !== "") process.kill(Number(inside), signal); // nsenter waits for it
    await ended;
  };
  onTestFinished(() => kill("SIGKILL"));
  await waitFor(`a started injector, but: ${said}`, () => said.includes("Started plugin"));
  return { said: () => said, kill };
}

interface Shown {
  readonly ifname: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly address: string;
  readonly ifalias?: string;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
}

/** Runs ip(8) on the node. */
export async function ip(node: ContainerdNode, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) await node.exec("ip", ...line.split(" "));
}

/** The node's interfaces, or those of one of its network namespaces. */
export async function linksOf(node: ContainerdNode, netns?: string): Promise<Shown[]> {
  const where = netns === undefined ? [] : ["-n", netns];
  return JSON.parse(await node.exec("ip", ...where, "-j", "-d", "address", "show"));
}

/** What must be the same of a device after it came back; undefined if the node does not have it. */
export async function stateOf(node: ContainerdNode, name: string): Promise<unknown> {
  const link = (await linksOf(node)).find(({ ifname }) => ifname === name);
  if (!link) return undefined;
  const { mtu, flags, address, ifalias, addr_info } = link;
  const addresses = addr_info.filter(({ local }) => !local.startsWith("fe80:"));
  return {
    mtu,
    up: flags.includes("UP"),
    address,
    ifalias,
    addresses: addresses.map((one) => `${one.local}/${one.prefixlen}`),
  };
}

/** Waits until a device is on the node again, as it was. */
export async function seeHome(node: ContainerdNode, name: string, before: unknown): Promise<void> {
  await waitFor(`${name} on the node as before`, async () => {
    return JSON.stringify(await stateOf(node, name)) === JSON.stringify(before);
  });
}

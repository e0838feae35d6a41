import { join } from "node:path";
import { ROOT } from "../cache-dir.ts";
import { podNetwork } from "../containerd/conflist.ts";
import { type ContainerdNode, startNode } from "../containerd/node.ts";
import { waitFor } from "../containerd/wait.ts";
import { PluginProcess } from "./nri/plugin-process.ts";
import { OBSERVER } from "./nri/plugins.ts";
import type { Program } from "./programs.ts";
import { median, table } from "./table.ts";
import { inTurn } from "./turns.ts";

const WRAP = join(ROOT, "bin", "cni_wrap");

/** What a containerd has of ours. */
interface Kind {
  readonly name: string;
  readonly taps: { readonly pre: string; readonly post: string };
  readonly network: string;
  readonly observed?: true;
  readonly plugins?: Readonly<Record<string, string>>;
}

interface Contestant {
  readonly name: string;
  readonly node: ContainerdNode;
  observer?: PluginProcess;
  readonly up: number[];
  readonly down: number[];
  readonly gone: number[];
}

async function timed(into: number[], act: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await act();
  into.push(performance.now() - begun);
}

/** Removes the taps from a network's text. */
function withoutTaps(text: string): string {
  const list: { plugins: { type: string }[] } = JSON.parse(text);
  return JSON.stringify({ ...list, plugins: list.plugins.filter(({ type }) => !type.startsWith("cni_")) });
}

/** Wraps each plugin of a network without taps. */
function wrapped(text: string): string {
  const list: { plugins: { type: string }[] } = JSON.parse(text);
  const plugins = list.plugins.map((plugin) => ({
    ...plugin,
    type: "cni_wrap",
    cniTap: { type: plugin.type, logFormat: "json" },
  }));
  return JSON.stringify({ ...list, plugins });
}

/** Starts the observer for a node, with the log of its taps. */
async function observe(node: ContainerdNode): Promise<PluginProcess> {
  const log = node.outside("/tmp/cni.log");
  const child = new PluginProcess(OBSERVER.command(node.nriSocket, log), `${node.folder}/observer.stderr`);
  const connected = async () => /msg="plugin .* connected/.test(await node.readDaemonLog());
  try {
    await child.whileItRuns(waitFor("the observer connected to containerd", connected));
    return child;
  } catch (error) {
    await child.end();
    throw error;
  }
}

/** Start and stop of pods on real containerds: without taps, with them, with the observer, with Python's. */
export async function benchPods(
  programs: readonly Program[],
  rounds: number,
  progress: (line: string) => void,
): Promise<string[]> {
  const path = (name: string) => programs.find((program) => program.name === name)?.path;
  const taps = { pre: path("cni_pre") ?? "", post: path("cni_post") ?? "" };
  const python = path("Python");
  const file = "10-net.conflist";
  const network = podNetwork({ tap: { logFormat: "json" } });
  const kinds: readonly Kind[] = [
    { name: "no taps", taps, network: withoutTaps(podNetwork({})) },
    { name: "cni_pre, cni_post", taps, network },
    { name: "taps and observer", taps, network, observed: true },
    {
      name: "each plugin wrapped",
      taps,
      network: wrapped(withoutTaps(podNetwork({}))),
      plugins: { cni_wrap: WRAP },
    },
    ...(python ? [{ name: "Python's", taps: { pre: python, post: python }, network: podNetwork({}) }] : []),
  ];
  const contestants: Contestant[] = [];
  try {
    for (const { name, taps, network, observed, plugins = {} } of kinds) {
      progress(`a containerd with ${name}`);
      const node = await startNode({ taps, plugins, conflists: { [file]: network } });
      const contestant: Contestant = { name, node, up: [], down: [], gone: [] };
      contestants.push(contestant);
      if (observed) contestant.observer = await observe(node);
    }
    progress(`${rounds} pods each, in turn`);
    for (let round = -2; round < rounds; round++) {
      for (const contestant of inTurn(contestants, round)) {
        const { up, down, gone } = contestant;
        const pod = startAndStop(contestant, `bench-${round + 2}`);
        await (contestant.observer?.whileItRuns(pod) ?? pod);
        if (round < 0) for (const list of [up, down, gone]) list.length = 0; // warm
      }
    }
  } finally {
    for (const { node, observer } of contestants) {
      await observer?.end();
      await node.stop();
    }
  }
  return report(contestants);
}

async function startAndStop({ node, up, down, gone }: Contestant, name: string): Promise<void> {
  let id = "";
  await timed(up, async () => {
    id = (await node.runPod({ name })).id;
  });
  await timed(down, () => node.stopPod(id));
  await timed(gone, () => node.removePod(id));
}

function report(contestants: readonly Contestant[]): string[] {
  const first = contestants[0];
  const rows = contestants.map(({ name, up, down, gone }) => [
    name,
    ...[up, down, gone].map((values) => median(values).toFixed(0)),
    first && first.name !== name ? `${(median(up) - median(first.up)).toFixed(1)}` : "",
    median(up.map((value) => Math.abs(value - median(up)))).toFixed(1),
  ]);
  const head = [
    "ms, median",
    "RunPodSandbox",
    "StopPodSandbox",
    "RemovePodSandbox",
    "start, more than none",
    "start, its own spread",
  ];
  return [`### A pod on containerd ${first?.node.version ?? ""}`, table(head, rows)];
}

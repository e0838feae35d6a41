import { podNetwork } from "../containerd/conflist.ts";
import { type ContainerdNode, startNode } from "../containerd/node.ts";
import type { Program } from "./programs.ts";
import { median, table } from "./table.ts";

interface Contestant {
  readonly name: string;
  readonly node: ContainerdNode;
  readonly up: number[];
  readonly down: number[];
  readonly gone: number[];
}

async function timed(into: number[], act: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await act();
  into.push(performance.now() - begun);
}

/** Takes the taps out of a network's text. */
function withoutTaps(text: string): string {
  const list: { plugins: { type: string }[] } = JSON.parse(text);
  return JSON.stringify({ ...list, plugins: list.plugins.filter(({ type }) => !type.startsWith("cni_")) });
}

/** A pod's start and stop on real containerds side by side: without taps, with ours, with Python's. */
export async function benchPods(
  programs: readonly Program[],
  rounds: number,
  progress: (line: string) => void,
): Promise<string[]> {
  const path = (name: string) => programs.find((program) => program.name === name)?.path;
  const pre = path("cni_pre") ?? "";
  const post = path("cni_post") ?? "";
  const python = path("Python");
  const file = "10-net.conflist";
  const kinds = [
    { name: "no taps", taps: { pre, post }, network: withoutTaps(podNetwork({})) },
    { name: "cni_pre, cni_post", taps: { pre, post }, network: podNetwork({ tap: { logFormat: "json" } }) },
    ...(python ? [{ name: "Python's", taps: { pre: python, post: python }, network: podNetwork({}) }] : []),
  ];
  const contestants: Contestant[] = [];
  try {
    for (const { name, taps, network } of kinds) {
      progress(`a containerd with ${name}`);
      const node = await startNode({ taps, conflists: { [file]: network } });
      contestants.push({ name, node, up: [], down: [], gone: [] });
    }
    progress(`${rounds} pods each, in turn`);
    for (let round = -2; round < rounds; round++) {
      for (const { node, up, down, gone } of contestants) {
        let id = "";
        await timed(up, async () => {
          id = (await node.runPod({ name: `bench-${round + 2}` })).id;
        });
        await timed(down, () => node.stopPod(id));
        await timed(gone, () => node.removePod(id));
        if (round < 0) for (const list of [up, down, gone]) list.length = 0; // warm
      }
    }
  } finally {
    for (const { node } of contestants) await node.stop();
  }
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

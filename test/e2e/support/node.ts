import { afterAll, beforeAll, beforeEach, describe, onTestFailed } from "vitest";
import { type ContainerdNode, type NodeOptions, startNode } from "../../../scripts/containerd/node.ts";
import type { Suite } from "../../../scripts/containerd/packages.ts";
import { tapPath } from "../../support/run-tap.ts";

// In CI nothing is skipped: without root the tests fail there.
const skipped = process.getuid?.() !== 0 && !process.env.CI;
const why = "skipped: a containerd needs root for its namespaces, mounts and control groups";

if (skipped) console.warn(`${why}; run the tests as root to include them`);

/** `describe` as root, otherwise a skipped one that says why. */
export function describeAsRoot(title: string, tests: () => void): void {
  describe.skipIf(skipped)(skipped ? `${title} (${why})` : title, tests);
}

/** For `describe.each`: containerd 2.x and 1.7. */
export const suites: readonly Suite[] = ["sid", "trixie"];

const suite: Suite = process.env.CNITAP_CONTAINERD === "trixie" ? "trixie" : "sid";

/**
 * A containerd with the built taps (or those of CNITAP_PRE and CNITAP_POST) for the tests of a `describe`.
 * CNITAP_CONTAINERD=trixie is containerd 1.7 in place of 2.x.
 */
export function useNode(options: Omit<NodeOptions, "taps"> = {}): () => ContainerdNode {
  return useBareNode({ ...options, taps: { pre: tapPath("pre"), post: tapPath("post") } });
}

/** The same with the taps of the options, or without any. */
export function useBareNode(options: NodeOptions): () => ContainerdNode {
  let node: ContainerdNode | undefined;
  const get = () => {
    if (!node) throw new Error("The containerd is not running: useNode's result was called outside a test");
    return node;
  };
  beforeAll(async () => {
    node = await startNode({ suite, ...options });
  });
  beforeEach(() => {
    onTestFailed(async () => {
      const lines = (await get().readDaemonLog()).split("\n").filter((line) => !line.includes("level=debug"));
      const end = lines.slice(-30).map((line) => line.slice(0, 300));
      console.error(`The end of containerd's log, without debug:\n${end.join("\n")}`);
    });
  });
  afterAll(() => node?.stop());
  return get;
}

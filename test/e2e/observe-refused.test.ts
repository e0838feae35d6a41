import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ContainerdNode } from "../../scripts/containerd/node.ts";
import { OBSERVER, start } from "../cli/support/spawn.ts";
import { onOwnMachine } from "../support/own-machine.ts";
import { describeAsRoot, suites, useBareNode } from "./support/node.ts";

const section = "[plugins.'io.containerd.nri.v1.nri'] of /etc/containerd/config.toml";
const advice = {
  sid: `with NRI on by default: look for disable = true or another socket_path in ${section}, and restart it;`,
  trixie: `with NRI off by default: set disable = false in ${section}, and restart it.`,
};

describe.each(suites)("an observer on containerd of %s", (suite) => {
  describeAsRoot("with NRI switched off", () => {
    const node = useBareNode({ suite, nri: false });

    it("reports that, and how to switch it on", async () => {
      const { code, errors } = await observeOnce(node(), node().nriSocket);
      expect(code).toBe(1);
      expect(errors).toHaveLength(1);
      const seen = `Cannot connect to the runtime at ${node().nriSocket}: it is not there.`;
      expect(errors[0]).toContain(`${seen} containerd ${node().version}`);
      expect(errors[0]).toContain(` runs here, ${advice[suite]}`);
    });

    it("reports a socket that does not speak NRI", async () => {
      const { code, errors, ms } = await observeOnce(node(), socketOf(node()));
      expect(code).toBe(1);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toContain("Specify the runtime's NRI socket with --socket; the default is ");
      expect(ms).toBeLessThan(10_000);
    });
  });
});

/** The socket of the CRI. */
function socketOf(node: ContainerdNode): string {
  return join(node.folder, "run/containerd.sock");
}

async function observeOnce(node: ContainerdNode, socket: string) {
  const began = performance.now();
  const env = { CONTAINER_RUNTIME_ENDPOINT: socketOf(node) };
  const [program, ...args] = onOwnMachine([OBSERVER, "--once", "--socket", socket]);
  const { code, err } = await start(program, args, env).ended;
  const errors = err.split("\n").filter((line) => line.includes("level=error"));
  return { code, errors, ms: performance.now() - began };
}

import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ContainerdNode } from "../../scripts/containerd/node.ts";
import { runContainer } from "../../scripts/containerd/pods.ts";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { Adjustment } from "../../src/nri/adjustment.ts";
import { eventNames } from "../../src/nri/events.ts";
import type { Container } from "../../src/nri/gen/api_pb.js";
import type { Handlers } from "../../src/nri/handlers.ts";
import { createPlugin, type PluginOptions } from "../../src/nri/nodejs/run-plugin.ts";
import { updateOf } from "../../src/nri/resources.ts";
import { describeAsRoot, suites, useNode } from "./support/node.ts";

describe.each(suites)("an NRI plugin on containerd of %s", (suite) => {
  describeAsRoot("with real pods", () => {
    const node = useNode({ suite });

    it("gets all events of a pod with a container", async () => {
      const received: string[] = [];
      const handlers: Handlers = Object.fromEntries(
        eventNames.map((name) => [name, (pod: { id: string }) => void received.push(`${name} ${pod.id}`)]),
      );
      const { log } = await start(node(), handlers);
      const pod = await node().runPod({ name: "web-0" });
      const container = await runContainer(node().cri, pod, "main");
      await node().cri.call("StopContainer", { container_id: container, timeout: 0 });
      await node().cri.call("RemoveContainer", { container_id: container });
      await node().stopPod(pod.id);
      await node().removePod(pod.id);
      const events = [
        ...["runPodSandbox", "createContainer", "postCreateContainer", "startContainer"],
        ...["postStartContainer", "stopContainer", "removeContainer", "stopPodSandbox", "removePodSandbox"],
      ];
      const own = received.filter((line) => line.endsWith(pod.id));
      expect(own.map((line) => line.split(" ")[0])).toEqual(events);
      const missing = log.filter((line) =>
        line.includes(" does not have updatePodSandbox, postUpdatePodSandbox, "),
      );
      expect(missing).toHaveLength(hasNri010(node().version) ? 0 : 1);
    });

    it("gets the running pods and containers at Synchronize", async () => {
      const pod = await node().runPod({ name: "before-0", labels: { app: "before" } });
      const container = await runContainer(node().cri, pod, "main");
      const found: string[] = [];
      await start(node(), {
        async synchronize(state) {
          for await (const item of state)
            found.push(item.kind === "pod" ? `${item.pod.id} ${item.pod.labels.app}` : item.container.id);
        },
      });
      expect(found).toEqual(expect.arrayContaining([`${pod.id} before`, container]));
      await node().stopPod(pod.id);
      await node().removePod(pod.id);
    });

    it("adjusts a container", async () => {
      const large = "x".repeat(20_000); // an answer of more than one frame
      const seen: Container[] = [];
      await start(node(), {
        createContainer: () => ({
          adjust: new Adjustment()
            .addEnv("FROM_PLUGIN", "yes")
            .addEnv("LARGE", large)
            .addMount({ destination: "/shared", type: "tmpfs", source: "tmpfs", options: ["ro", "nosuid"] })
            .addRlimit("RLIMIT_NOFILE", 321, 123)
            .addAnnotation("example.com/seen", "true"),
        }),
        postStartContainer: (_, container) => void seen.push(container),
      });
      const pod = await node().runPod({ name: "adjusted-0" });
      await runContainer(node().cri, pod, "main");
      const [container] = seen;
      const read = (file: string) => node().exec("cat", `/proc/${container?.pid}/${file}`);
      expect(await read("environ")).toContain("FROM_PLUGIN=yes");
      expect(await read("environ")).toContain(`LARGE=${large}`);
      expect(await read("limits")).toMatch(/Max open files +123 +321 /);
      expect(await read("mounts")).toMatch(/tmpfs \/shared tmpfs ro,/);
      expect(container?.annotations).toMatchObject({ "example.com/seen": "true" });
      await node().stopPod(pod.id);
      await node().removePod(pod.id);
    });

    it("changes running containers with updateContainers", async () => {
      const { plugin } = await start(node(), {});
      const pod = await node().runPod({ name: "updated-0" });
      const container = await runContainer(node().cri, pod, "main");
      expect(await plugin.updateContainers([updateOf(container, { memoryLimit: 64 << 20 })])).toEqual([]);
      const limit = await node().exec("sh", "-c", memoryLimitOf(container));
      expect(limit.trim()).toBe(String(64 << 20));
      await node().stopPod(pod.id);
      await node().removePod(pod.id);
    });

    it("that throws does not fail the pod, unless it has failRequests", async () => {
      const handlers: Handlers = {
        runPodSandbox() {
          throw new Error("not this one");
        },
      };
      const first = await start(node(), handlers);
      const pod = await node().runPod({ name: "spared-0" });
      expect(first.log).toContain(
        "error: The handler runPodSandbox failed for default/spared-0: not this one",
      );
      await first.stop();
      await start(node(), handlers, { failRequests: true });
      await expect(node().runPod({ name: "failed-0" })).rejects.toThrow(
        /NRI RunPodSandbox failed: .*not this one/,
      );
      await node().stopPod(pod.id);
      await node().removePod(pod.id);
    });

    it("that is slow is disconnected, connects again, and does not fail the pod", async () => {
      let slow = true;
      const { log, synchronized } = await start(node(), {
        runPodSandbox: () => (slow ? new Promise(() => {}) : undefined),
      });
      const pod = await node().runPod({ name: "slow-0" });
      expect((await node().podStatus(pod.id)).state).toBe("SANDBOX_READY");
      slow = false;
      await waitFor("a second synchronization", () => synchronized() === 2);
      expect(log).toContainEqual(
        expect.stringMatching(/handler runPodSandbox has not answered within \d+ ms/),
      );
      expect(log).toContainEqual(expect.stringMatching(/^warn: Connection to the runtime lost/));
      await node().stopPod(pod.id);
      await node().removePod(pod.id);
    });

    it("connects again after a restart of containerd, and gets the running pods", async () => {
      const pods: string[][] = [];
      await start(node(), {
        async synchronize(state) {
          pods.push((await state.collect()).pods.map(({ id }) => id));
        },
      });
      const pod = await node().runPod({ name: "steady-0" });
      await node().restart();
      await waitFor("a second synchronization", () => pods.length === 2);
      expect(pods[1]).toContain(pod.id);
      await node().stopPod(pod.id);
      await node().removePod(pod.id);
    });

    it("runs on the descriptor of a containerd that launches it", async () => {
      const directory = join(node().folder, "nri");
      await build({
        entryPoints: [join(import.meta.dirname, "support/launched-plugin.ts")],
        outfile: join(directory, "plugin.mjs"),
        ...{ bundle: true, format: "esm", platform: "node" },
      });
      await copyFile(process.execPath, join(directory, "node")); // the namespaces may not see where it is
      const command = `exec ${directory}/node ${directory}/plugin.mjs ${directory}/received`;
      await writeFile(join(directory, "plugins/20-launched"), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
      await writeFile(join(directory, "conf.d/launched.conf"), "hello");
      await node().restart();
      const pod = await node().runPod({ name: "launched-0" });
      const received = (await readFile(join(directory, "received"), "utf8")).split("\n");
      expect(received).toEqual(
        expect.arrayContaining(["config hello", "Started plugin 20-launched...", "run launched-0"]),
      );
      await node().stopPod(pod.id);
      await node().removePod(pod.id);
    });
  });
});

/** Runs a plugin until the test ends. Returns after its synchronization. */
async function start(node: ContainerdNode, handlers: Handlers, options: Partial<PluginOptions> = {}) {
  const abort = new AbortController();
  const log: string[] = [];
  let synchronized = 0;
  const plugin = createPlugin({
    ...{ name: "e2e", index: "10", socket: node.nriSocket, signal: abort.signal },
    handlers: {
      ...handlers,
      async synchronize(state, context) {
        const updates = await handlers.synchronize?.(state, context);
        synchronized++;
        return updates;
      },
    },
    log: (level, message) => void log.push(`${level}: ${message}`),
    ...options,
  });
  const ended = plugin.run();
  const stop = async () => {
    abort.abort();
    await ended;
  };
  onTestFinished(stop);
  await waitFor("a synchronized plugin", () => synchronized > 0);
  return { plugin, log, stop, synchronized: () => synchronized };
}

/** Whether containerd has nri 0.10: from 2.2 on. */
function hasNri010(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 2);
}

/** A shell command that prints a container's memory limit, with cgroup v1 or v2. */
function memoryLimitOf(container: string): string {
  const files = `-path '*${container}*' \\( -name memory.max -o -name memory.limit_in_bytes \\)`;
  return `find /sys/fs/cgroup ${files} | head -n 1 | xargs cat`;
}

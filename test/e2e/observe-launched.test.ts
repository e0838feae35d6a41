import { copyFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../scripts/cache-dir.ts";
import { podNetwork } from "../../scripts/containerd/conflist.ts";
import type { ContainerdNode } from "../../scripts/containerd/node.ts";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { findObservers } from "../../src/machine/observer-processes.ts";
import { Root } from "../../src/machine/root.ts";
import { auditOf } from "./support/audit.ts";
import { endPod, logWith, tellsAll, wholeStoryWithEvents } from "./support/events.ts";
import { describeAsRoot, suites, useNode } from "./support/node.ts";

const plugin = "10-network-logger";
const conflists = {
  "10-k8s-pod-network.conflist": podNetwork({ tap: { logFile: "/tmp/json.log", logFormat: "json" } }),
};
const labels = { app: "web", "example.com/token": "0123456789" };

const configurations = [
  {
    language: "YAML",
    text: "# beside the taps' lines\nlogFile: /tmp/json.log\nlogFormat: json\nlabel: 'as YAML'\n",
    shown: { label: "as YAML", token: "[redacted 10 bytes]" },
  },
  {
    language: "JSON",
    text: '{"logFile":"/tmp/json.log","logFormat":"json","label":"as JSON","redact":false}',
    shown: { label: "as JSON", token: "0123456789" },
  },
];

describe.each(suites)("an observer on containerd of %s", (suite) => {
  describeAsRoot("that containerd launches", () => {
    const node = useNode({ suite, conflists });

    it.each(configurations)("is configured by $language", async (one) => {
      await launch(node(), one.text);
      const pod = await node().runPod({ name: "web-0", labels });
      await endPod(node(), pod);
      const events = await logWith(node(), "RemovePodSandbox", pod, "/tmp/json.log");
      expect(events.story(pod.id)).toEqual(wholeStoryWithEvents);
      expect(auditOf(await node().readLog("/tmp/json.log"))).toEqual([]);
      for (const line of events.ofPod(pod.id)) {
        expect(line.label).toBe(one.shown.label);
        expect(line.pod?.labels).toMatchObject({ app: "web", "example.com/token": one.shown.token });
      }
      await endWithContainerd(node());
    });

    it("logs what is wrong with its configuration, and uses the defaults for that", async () => {
      await launch(node(), "logFile: cni.log\nlogFormat: json\nredact: perhaps\nunknown: 1\n");
      const pod = await node().runPod({ name: "web-0", labels });
      await endPod(node(), pod);
      const events = await logWith(node(), "RemovePodSandbox", pod, "/tmp/cni.log");
      expect(events.lines.flatMap((line) => ("note" in line ? [line.note] : []))).toEqual([
        "Cannot use logFile: wants an absolute path under 4096 bytes, saw a string",
        "Cannot use redact: wants true or false, saw a string",
      ]);
      const [run] = events.ofPod(pod.id);
      expect(run?.pod?.labels?.["example.com/token"]).toBe("[redacted 10 bytes]");
      expect(run?.pod?.ips).toHaveLength(tellsAll(node()) ? 1 : 0);
      await endWithContainerd(node());
    });

    it("needs no configuration, and ends when containerd is killed", async () => {
      await node().exec("rm", "-f", "/tmp/cni.log");
      await launch(node());
      const pod = await node().runPod({ name: "web-0" });
      await endPod(node(), pod);
      const log = await waitFor("the last event", async () => {
        const text = await node().readLog("/tmp/cni.log");
        return text.includes("NRI_EVENT=RemovePodSandbox,") && text;
      });
      const events = ["RunPodSandbox", "StopPodSandbox", "RemovePodSandbox"];
      const words = log
        .trimEnd()
        .split("\n")
        .map((line) => line.split(",", 2));
      expect(words).toEqual(events.map((event) => [`NRI_EVENT=${event}`, `CNI_CONTAINERID=${pod.id}`]));
      await rm(pluginPath(node()));
      await node().exec("busybox", "killall", "-KILL", "containerd");
      await waitForEnd(node());
      await node().restart();
    });
  });
});

/** Lets containerd launch the observer under the plugin's name, as `cnitap install --observe=nri` does. */
async function launch(node: ContainerdNode, configuration?: string): Promise<void> {
  const directory = join(node.folder, "nri");
  // The namespaces may not see where it is.
  await rm(join(directory, "cnitap-observe"), { force: true });
  await copyFile(join(ROOT, "bin", "cnitap-observe"), join(directory, "cnitap-observe"));
  await symlink("../cnitap-observe", pluginPath(node));
  const file = join(directory, "conf.d", `${plugin}.conf`);
  if (configuration === undefined) await rm(file, { force: true });
  else await writeFile(file, configuration);
  await node.restart();
  await waitFor("one launched observer", () => launched(node) === 1);
}

/** Removes the plugin and restarts containerd. */
async function endWithContainerd(node: ContainerdNode): Promise<void> {
  await rm(pluginPath(node));
  await node.restart();
  await waitForEnd(node);
}

async function waitForEnd(node: ContainerdNode): Promise<void> {
  await waitFor("the end of the launched observer", () => launched(node) === 0);
}

function pluginPath(node: ContainerdNode): string {
  return join(node.folder, "nri/plugins", plugin);
}

/** The observers that run under the plugin's path. */
function launched(node: ContainerdNode): number {
  const observers = findObservers(new Root()) ?? [];
  return observers.filter(({ args }) => args[0] === pluginPath(node)).length;
}

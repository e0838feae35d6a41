import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { podNetwork } from "../../scripts/containerd/conflist.ts";
import type { ContainerdNode } from "../../scripts/containerd/node.ts";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { auditOf } from "./support/audit.ts";
import { endPod, logWith, tellsAll, wholeStoryWithEvents } from "./support/events.ts";
import { launched, linkPlugin, pluginPath } from "./support/launching.ts";
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
      await rm(pluginPath(node(), plugin));
      await node().exec("busybox", "killall", "-KILL", "containerd");
      await waitForEnd(node());
      await node().restart();
    });
  });
});

/** Lets containerd launch cnitap-observe under the plugin's name. */
async function launch(node: ContainerdNode, configuration?: string): Promise<void> {
  await linkPlugin(node, plugin);
  const file = join(node.folder, "nri/conf.d", `${plugin}.conf`);
  if (configuration === undefined) await rm(file, { force: true });
  else await writeFile(file, configuration);
  await node.restart();
  await waitFor("one launched observer", async () => (await launched(node, plugin)).length === 1);
}

/** Removes the plugin and restarts containerd. */
async function endWithContainerd(node: ContainerdNode): Promise<void> {
  await rm(pluginPath(node, plugin));
  await node.restart();
  await waitForEnd(node);
}

async function waitForEnd(node: ContainerdNode): Promise<void> {
  await waitFor("the end of the launched observer", async () => (await launched(node, plugin)).length === 0);
}

import { describe, expect, it } from "vitest";
import type { ContainerdNode } from "../../scripts/containerd/node.ts";
import type { Pod } from "../../scripts/containerd/pods.ts";
import { endPod, logWith } from "./support/events.ts";
import { describeAsRoot, suites, useNode } from "./support/node.ts";
import { startObserver } from "./support/observer.ts";

/** If the nine events waited for an attempt to write (each second) or containerd's limit (2 s), it would take longer. */
const slackMs = 5000;

const places = [
  {
    seen: "it is a directory",
    log: "/tmp/named/cni.log",
    spoil: "mkdir -p /tmp/named/cni.log",
    mend: "rmdir /tmp/named/cni.log",
    words: "it is a directory",
  },
  {
    seen: "its directory is missing",
    log: "/tmp/missing/cni.log",
    spoil: "rm -rf /tmp/missing",
    mend: "mkdir /tmp/missing",
    words: "it is not there",
  },
];

describe.each(suites)("an observer on containerd of %s", (suite) => {
  describeAsRoot("whose log cannot be written", () => {
    const node = useNode({ suite });

    it.each(places)("because $seen keeps the lines and delays no pod", async (place) => {
      const { log, spoil, mend, words } = place;
      await node().exec("sh", "-c", spoil);
      const unobserved = await comeAndGo(node());
      const observer = await startObserver(node(), "json", log);
      const { pods, ms } = await comeAndGo(node());
      expect(ms).toBeLessThan(unobserved.ms + slackMs);

      await node().exec("sh", "-c", mend);
      const path = node().outside(log);
      const story = ["NRI RunPodSandbox", "NRI StopPodSandbox", "NRI RemovePodSandbox"];
      for (const pod of pods)
        expect((await logWith(node(), "RemovePodSandbox", pod, log)).story(pod.id)).toEqual(story);
      const { code } = await observer.stop();
      expect(code).toBe(0);
      const lines = observer.said().split("\n");
      const warnings = lines.filter((line) => line.includes("level=warning"));
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(`Cannot open ${path}: ${words}; up to 10000 lines are kept and retried`);
      expect(lines.filter((line) => line.includes(`Writing to ${path} again`))).toHaveLength(1);
      // containerd has never disconnected it
      expect(lines.filter((line) => line.includes("Synchronized state"))).toHaveLength(1);
    });
  });
});

/** Runs and removes three pods, one after the other. Returns them and how long that took. */
async function comeAndGo(node: ContainerdNode): Promise<{ readonly pods: Pod[]; readonly ms: number }> {
  const start = performance.now();
  const pods: Pod[] = [];
  for (const name of ["one", "two", "three"]) {
    const pod = await node.runPod({ name });
    pods.push(pod);
    await endPod(node, pod);
  }
  return { pods, ms: performance.now() - start };
}

import { expect, it } from "vitest";
import { podNetwork } from "../../scripts/containerd/conflist.ts";
import { auditOf } from "./support/audit.ts";
import { brief, parseLog, wholeStory } from "./support/log.ts";
import { describeAsRoot, useNode } from "./support/node.ts";

describeAsRoot("20 pods, 8 at a time", () => {
  const node = useNode({ conflists: { "10-crowd.conflist": podNetwork({ tap: { logFormat: "json" } }) } });

  it("have their own lines each, whole and in order", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `crowd-${index}`);
    const ids = new Map<string, string>();
    const waiting = [...names];
    const work = async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        const pod = await node().runPod({ name });
        ids.set(name, pod.id);
        await node().stopPod(pod.id);
        await node().removePod(pod.id);
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));

    const log = await node().readLog();
    expect(auditOf(log)).toEqual([]);
    const lines = parseLog(log);
    expect(lines).toHaveLength(names.length * wholeStory.length);
    for (const name of names) {
      const own = lines.filter((line) => line.containerId === ids.get(name));
      expect(own.map(brief), name).toEqual(wholeStory);
      expect(new Set(own.map((line) => line.args.K8S_POD_NAME)), name).toEqual(new Set([name]));
    }
  });
});

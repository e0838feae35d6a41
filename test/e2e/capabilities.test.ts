import { expect, it } from "vitest";
import { podNetwork } from "../../scripts/containerd/conflist.ts";
import { auditOf } from "./support/audit.ts";
import { brief, linesOf, wholeStory } from "./support/log.ts";
import { describeAsRoot, useNode } from "./support/node.ts";

const capabilities = { portMappings: true, "io.kubernetes.cri.pod-annotations": true };

describeAsRoot("taps that declare capabilities", () => {
  const tap = { logFormat: "json", capabilities };
  const node = useNode({ conflists: { "10-caps.conflist": podNetwork({ tap }) } });

  it("see annotations and port mappings of a pod, and portmap still gets its own", async () => {
    const annotations = {
      "example.com/note": 'Grüße, 世界 🌍 <&> "quoted" \\ \u2028',
      "example.com/big": "0123456789abcdef".repeat(6400), // 100 KiB, more than a pipe holds
    };
    const portMappings = [{ protocol: "TCP", container_port: 80, host_port: 8080 }] as const;
    const pod = await node().runPod({ name: "caps-0", annotations, portMappings });
    expect(await node().exec("iptables-save", "-t", "nat")).toContain("--dport 8080");
    await node().stopPod(pod.id);
    await node().removePod(pod.id);
    expect(await node().exec("iptables-save", "-t", "nat")).not.toContain("--dport 8080");

    const log = await node().readLog();
    expect(auditOf(log)).toEqual([]);
    const lines = linesOf(log, pod.id);
    expect(lines.map(brief)).toEqual(wholeStory);
    const [add] = lines;
    const seen = add?.input?.runtimeConfig ?? {};
    expect(seen["io.kubernetes.cri.pod-annotations"]).toEqual(annotations);
    expect(seen.portMappings).toMatchObject([{ HostPort: 8080, ContainerPort: 80, Protocol: "tcp" }]);
  });
});

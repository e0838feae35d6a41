import { describe, expect, it } from "vitest";
import { podNetwork } from "../../scripts/containerd/conflist.ts";
import { auditOf } from "./support/audit.ts";
import { brief, linesOf, wholeStory } from "./support/log.ts";
import { describeAsRoot, useNode } from "./support/node.ts";

const file = "10-k8s-pod-network.conflist";

describeAsRoot("the log of a pod", () => {
  const node = useNode({ conflists: { [file]: podNetwork({ tap: { logFormat: "json" } }) } });

  describe.each(["0.3.1", "0.4.0", "1.0.0", "1.1.0"])("at cniVersion %s", (cniVersion) => {
    it("has its ADD, the DELs of StopPodSandbox and the DELs of RemovePodSandbox", async ({ skip }) => {
      skip(
        cniVersion === "1.1.0" && node().version.startsWith("1."),
        "containerd 1.7 does not know CNI 1.1.0",
      );
      const name = `web-${cniVersion.replaceAll(".", "-")}`;
      await node().writeConflist(file, podNetwork({ cniVersion, tap: { logFormat: "json" } }));

      const pod = await node().runPod({ name, namespace: "shop", uid: `uid-${name}` });
      const { network, state } = await node().podStatus(pod.id);
      expect(state).toBe("SANDBOX_READY");
      expect(network?.ip).toMatch(/^10\.244\.1\.\d+$/);
      await node().stopPod(pod.id);
      await node().removePod(pod.id);

      const lines = linesOf(await node().readLog(), pod.id);
      expect(lines.map(brief)).toEqual(wholeStory);
      expect(lines.map(({ time }) => time)).toEqual(lines.map(({ time }) => time).sort());
      for (const line of lines) {
        expect(line).toMatchObject({ network: "k8s-pod-network", cniVersion, ifname: "eth0" });
        expect(line.args).toMatchObject({
          K8S_POD_NAMESPACE: "shop",
          K8S_POD_NAME: name,
          K8S_POD_UID: `uid-${name}`,
          K8S_POD_INFRA_CONTAINER_ID: pod.id,
        });
      }

      const [add, added, ...dels] = lines;
      expect(add?.netns).toMatch(/^\/var\/run\/netns\/cni-/);
      expect(add?.input).not.toHaveProperty("prevResult");
      expect(added?.output?.cniVersion).toBe(cniVersion);
      expect(added?.output?.ips.map((ip) => ip.address)).toEqual([`${network?.ip}/24`]);
      expect(dels.map((del) => del.netns)).toEqual([add?.netns, add?.netns, "", ""]);
      const first = cniVersion === "0.3.1" ? undefined : added?.output;
      expect(dels.map((del) => del.input?.prevResult)).toEqual([first, first, undefined, undefined]);
    });
  });

  it("is empty for a pod on the host's network", async () => {
    const pod = await node().runPod({ name: "host-0", hostNetwork: true });
    await node().stopPod(pod.id);
    await node().removePod(pod.id);
    expect(await node().readLog()).not.toContain(pod.id);
  });

  it("is complete after a restart of containerd", async () => {
    const pod = await node().runPod({ name: "steady-0" });
    await node().restart();
    await node().stopPod(pod.id);
    await node().removePod(pod.id);
    expect(linesOf(await node().readLog(), pod.id).map(brief)).toEqual(wholeStory);
  });

  it("has nothing for an audit but the changes of the list's cniVersion", async () => {
    const found = auditOf(await node().readLog());
    expect(found.filter((finding) => !finding.startsWith("chain-changed"))).toEqual([]);
  });
});

describeAsRoot("bare stanzas", () => {
  const node = useNode();

  it("write the classic format to /tmp/cni.log", async () => {
    const pod = await node().runPod({ name: "web-0" });
    const ip = (await node().podStatus(pod.id)).network?.ip;
    await node().stopPod(pod.id);
    await node().removePod(pod.id);

    const start = (command: string) => `CNI_COMMAND=${command},CNI_CONTAINERID=${pod.id},`;
    const log = await node().readLog();
    expect(auditOf(log)).toEqual([]);
    const lines = log.split("\n");
    expect(lines.pop()).toBe("");
    expect(lines).toHaveLength(4);
    const [add = "", added = "", del = "", delAgain = ""] = lines;
    const config = `"cniVersion":"1.0.0","name":"k8s-pod-network"`;
    expect(add).toBe(`${start("ADD")}input={${config},"type":"cni_pre"}`);
    expect(added.startsWith(`${start("ADD")}output={"cniVersion":"1.0.0",`)).toBe(true);
    expect(added).toContain(`"address":"${ip}/24"`);
    const result = added.slice(added.indexOf("output=") + "output=".length);
    expect(del).toBe(`${start("DEL")}input={${config},"prevResult":${result},"type":"cni_post"}`);
    expect(delAgain).toBe(`${start("DEL")}input={${config},"type":"cni_post"}`);
  });

  it("create a log and a lock file that only root can read", async () => {
    const files = await node().exec("stat", "-c", "%a %U %F", "/tmp/cni.log", "/run/lock/cni.lock");
    expect(files).toBe("600 root regular file\n600 root regular empty file\n");
  });
});

import { expect, it } from "vitest";
import { podNetwork } from "../../scripts/containerd/conflist.ts";
import { auditOf } from "./support/audit.ts";
import { brief, linesOf, parseLog } from "./support/log.ts";
import { describeAsRoot, useNode } from "./support/node.ts";

const file = "10-k8s-pod-network.conflist";
const json = { logFormat: "json" };

describeAsRoot("a plugin that fails", () => {
  const oneAddress = { tap: json, range: { rangeStart: "10.244.1.10", rangeEnd: "10.244.1.10" } };
  const node = useNode({ conflists: { [file]: podNetwork(oneAddress) } });

  it("leaves the input, the rollback and its own error message, and no output", async () => {
    const pod = await node().runPod({ name: "first-0" });
    const withTaps = await failure(node().runPod({ name: "second-0" }));
    const id = /sandbox "([0-9a-f]{64})"/.exec(withTaps)?.[1] ?? "";
    expect(withTaps).toContain("no IP addresses available in range set: 10.244.1.10-10.244.1.10");

    const lines = linesOf(await node().readLog(), id);
    expect(lines.map(brief)).toEqual(["ADD pre input", "DEL post input", "DEL pre input"]);
    for (const line of lines) {
      expect(line.args.K8S_POD_NAME).toBe("second-0");
      expect(line.input).not.toHaveProperty("prevResult");
    }

    await node().writeConflist(file, withoutTaps(podNetwork(oneAddress)));
    const without = await failure(node().runPod({ name: "third-0" }));
    const masked = (message: string) => message.replace(/[0-9a-f]{64}/g, "<id>");
    expect(masked(withTaps)).toBe(masked(without));

    // The address is free again for the next pod: the rollback and the DELs have passed through the taps.
    await node().writeConflist(file, podNetwork(oneAddress));
    await node().stopPod(pod.id);
    await node().removePod(pod.id);
    const next = await node().runPod({ name: "fourth-0" });
    expect((await node().podStatus(next.id)).network?.ip).toBe("10.244.1.10");
    expect(auditOf(await node().readLog())).toEqual(["add-failed default/second-0"]);
  });
});

describeAsRoot("a log that cannot be written", () => {
  const node = useNode();

  it.each([
    ["in a missing directory", { ...json, logFile: "/missing/cni.log" }, "/missing/cni.log"],
    ["because it is a directory", {}, "/tmp/cni.log"],
  ])("%s costs a complaint and not the pod", async (_, tap, path) => {
    if (path === "/tmp/cni.log") await node().exec("mkdir", path);
    await node().writeConflist(file, podNetwork({ tap }));
    const before = (await node().readDaemonLog()).length;
    const pod = await node().runPod({ name: "web-0" });
    expect((await node().podStatus(pod.id)).network?.ip).toMatch(/^10\.244\.1\./);
    await node().stopPod(pod.id);
    await node().removePod(pod.id);
    const complaints = (await node().readDaemonLog()).slice(before).match(/^cni_(pre|post): .+/gm) ?? [];
    expect(new Set(complaints.map((line) => line.slice(0, line.indexOf(":"))))).toEqual(
      new Set(["cni_pre", "cni_post"]),
    );
  });
});

describeAsRoot("STATUS, which each CRI Status runs through a 1.1.0 chain", () => {
  const quiet = podNetwork({ cniVersion: "1.1.0", tap: json });
  const node = useNode({ conflists: { [file]: quiet } });

  it("is logged only with logStatus", async ({ skip }) => {
    skip(node().version.startsWith("1."), "containerd 1.7 does not call STATUS");
    for (let poll = 0; poll < 10; poll++) await node().status();
    expect(await node().readLog()).toBe("");

    await node().writeConflist(file, podNetwork({ cniVersion: "1.1.0", tap: { ...json, logStatus: true } }));
    await node().status();
    const lines = parseLog(await node().readLog());
    expect(lines.slice(0, 2).map(brief)).toEqual(["STATUS pre input", "STATUS post input"]);
  });
});

/** The message of the error with which an action must fail. */
async function failure(action: Promise<unknown>): Promise<string> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error("The action did not fail");
  return error.message;
}

function withoutTaps(network: string): string {
  const list: { plugins: { type: string }[] } = JSON.parse(network);
  return JSON.stringify({ ...list, plugins: list.plugins.filter(({ type }) => !type.startsWith("cni_")) });
}

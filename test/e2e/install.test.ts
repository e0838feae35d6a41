import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { podNetwork } from "../../scripts/containerd/conflist.ts";
import type { ContainerdNode } from "../../scripts/containerd/node.ts";
import { Root } from "../../src/machine/root.ts";
import { askRuntime } from "../../src/machine/runtime.ts";
import { type Ended, runCnitap } from "../cli/support/spawn.ts";
import { auditOf } from "./support/audit.ts";
import { brief, linesOf, wholeStory } from "./support/log.ts";
import { describeAsRoot, useBareNode } from "./support/node.ts";

const file = "10-k8s-pod-network.conflist";
const plain = (cniVersion: string) => podNetwork({ cniVersion, tap: null });

/** Runs cnitap as in a container on the node, where the node's file system is below a directory. */
function cnitap(node: ContainerdNode, command: string, ...args: string[]): Promise<Ended> {
  const socket = join(node.folder, "run/containerd.sock");
  return runCnitap([command, "--host-root", node.outside(""), "--runtime-endpoint", socket, ...args]);
}

function readNetwork(node: ContainerdNode, name = file): Promise<string> {
  return node.exec("cat", join(node.folder, "cni/net.d", name));
}

/** A wrapper's line about a pod as "ADD bridge input", or with the plugin's exit status; nothing for other lines. */
function wrapperCall(line: string, pod: string): string[] {
  if (!line.startsWith("{")) return [];
  const { tap, containerId, command, plugin, exit = "input" } = JSON.parse(line);
  return tap === "wrap" && containerId === pod ? [`${command} ${plugin} ${exit}`] : [];
}

async function end(node: ContainerdNode, id: string): Promise<void> {
  await node.stopPod(id);
  await node.removePod(id);
}

describeAsRoot("install and uninstall on a real containerd", () => {
  const node = useBareNode({ conflists: { [file]: plain("0.4.0") } });

  describe.each(["0.4.0", "1.1.0"])("at cniVersion %s", (cniVersion) => {
    it("pods made before, between and after them can be removed", async ({ skip }) => {
      skip(
        cniVersion === "1.1.0" && node().version.startsWith("1."),
        "containerd 1.7 does not know CNI 1.1.0",
      );
      await node().writeConflist(file, plain(cniVersion));
      expect(await cnitap(node(), "status")).toMatchObject({ code: 3 });
      const run = async (name: string) =>
        (await node().runPod({ name: `${name}-${cniVersion.replaceAll(".", "-")}` })).id;
      const [before1, before2] = [await run("before1"), await run("before2")];

      const installed = await cnitap(node(), "install");
      expect(installed.err).toBe("");
      expect(installed.code).toBe(0);
      expect(installed.out).toContain(`containerd ${node().version}`);
      expect(installed.out).toContain("has loaded it.");
      expect(await cnitap(node(), "status")).toMatchObject({ code: 0 });
      await end(node(), before1);
      const [between1, between2, between3] = [
        await run("between1"),
        await run("between2"),
        await run("between3"),
      ];
      await end(node(), between1);

      const uninstalled = await cnitap(node(), "uninstall");
      expect(uninstalled).toMatchObject({ code: 0, err: "" });
      expect(uninstalled.out).toContain("has loaded it.");
      expect(await readNetwork(node())).toBe(plain(cniVersion));
      await end(node(), before2);
      await end(node(), between2);
      const after = await run("after");
      await end(node(), after);
      expect(await cnitap(node(), "install")).toMatchObject({ code: 0 });
      await end(node(), between3);
      await cnitap(node(), "uninstall");

      const log = await node().readLog();
      expect(linesOf(log, before1).map(brief)).toEqual(wholeStory.slice(2));
      expect(linesOf(log, before2)).toEqual([]);
      expect(auditOf(log, before1, between1, between2, between3)).toEqual([
        `del-without-add default/before1-${cniVersion.replaceAll(".", "-")}`,
      ]);
      expect(linesOf(log, between1).map(brief)).toEqual(wholeStory);
      expect(linesOf(log, between2).map(brief)).toEqual(wholeStory.slice(0, 2));
      expect(linesOf(log, between3).map(brief)).toEqual(wholeStory);
      expect(linesOf(log, after)).toEqual([]);
    });
  });

  it("work while pods are made and removed", async () => {
    await node().writeConflist(file, plain("1.0.0"));
    let busy = true;
    let number = 0;
    const cycle = async () => {
      while (busy) await end(node(), (await node().runPod({ name: `busy-${++number}` })).id);
    };
    const toggle = async () => {
      const wrap = ["--mode", "wrap", "--delegates"];
      for (const modes of [[[]], [wrap, []], [[], wrap]]) {
        for (const mode of modes) expect(await cnitap(node(), "install", ...mode)).toMatchObject({ code: 0 });
        expect(await cnitap(node(), "uninstall")).toMatchObject({ code: 0 });
      }
      busy = false;
    };
    await Promise.all([toggle(), cycle(), cycle(), cycle()]);
    expect(number).toBeGreaterThan(4);
    const found = auditOf(await node().readLog());
    expect(found.filter((finding) => !/^(del-without-add|chain-changed|lines-lost)/.test(finding))).toEqual(
      [],
    );
  });

  it("doctor finds no error, and its facts of the runtime are those of a gRPC client", async () => {
    await cnitap(node(), "install");
    const { out } = await cnitap(node(), "doctor", "--json");
    const { checks }: { checks: { id: string; findings: { level: string; seen: string }[] }[] } =
      JSON.parse(out);
    const found = checks.flatMap(({ findings }) => findings.filter(({ level }) => level === "error"));
    expect(found).toEqual([]);
    expect(out).toContain("/tmp/cni.log is on tmpfs");

    const { info } = await node().status();
    const asked = await askRuntime(new Root(), join(node().folder, "run/containerd.sock"));
    expect(asked.name).toBe("containerd");
    expect(asked.version).toContain(node().version);
    expect(asked.cni?.loadStatus).toBe(info.lastCNILoadStatus);
    expect(asked.cni?.confDir).toBe(join(node().folder, "cni/net.d"));
    expect(asked.cni?.networks?.map(({ source }) => source)).toContain(await readNetwork(node()));
    await cnitap(node(), "uninstall");
  });

  it("--mode wrap logs each plugin and its delegates, for pods made before, between and after", async () => {
    await node().writeConflist(file, plain("1.0.0"));
    const before = (await node().runPod({ name: "wrap-before" })).id;
    const installed = await cnitap(node(), "install", "--mode", "wrap", "--delegates");
    expect(installed).toMatchObject({ code: 0, err: "" });
    expect(installed.out).toContain("has loaded it.");
    const [between1, between2] = [
      (await node().runPod({ name: "wrap-between1" })).id,
      (await node().runPod({ name: "wrap-between2" })).id,
    ];
    await end(node(), before);
    await end(node(), between1);
    const { out } = await cnitap(node(), "doctor", "--json");
    expect(JSON.parse(out).errors, out).toBe(0);
    expect((await cnitap(node(), "status")).out).toContain("plugins  {bridge} → {portmap}\n");
    const log = await node().readLog();
    expect(await cnitap(node(), "uninstall", "--purge", "--force")).toMatchObject({ code: 0, err: "" });
    expect(await readNetwork(node())).toBe(plain("1.0.0"));
    await end(node(), between2);

    const calls = (pod: string) => log.split("\n").flatMap((line) => wrapperCall(line, pod));
    expect(calls(between1).filter((call) => call.startsWith("ADD"))).toEqual([
      ...["ADD bridge input", "ADD host-local input", "ADD host-local 0", "ADD bridge 0"],
      ...["ADD portmap input", "ADD portmap 0"],
    ]);
    expect(
      calls(between1)
        .filter((call) => call.startsWith("DEL"))
        .slice(0, 6),
    ).toEqual([
      ...["DEL portmap input", "DEL portmap 0", "DEL bridge input", "DEL host-local input"],
      ...["DEL host-local 0", "DEL bridge 0"],
    ]);
    expect(auditOf(log, before, between1)).toEqual(["del-without-add default/wrap-before"]);
    expect(calls(before)).not.toContain("ADD bridge input");
    expect(calls(before)).toContain("DEL bridge 0");
  });

  it("install reports that the runtime has not loaded the network, with exit code 3", async () => {
    await node().writeConflist(file, plain("1.0.0"));
    await node().exec("sh", "-c", `echo '{' > ${join(node().folder, "cni/net.d/05-broken.conflist")}`);
    const { code, out } = await cnitap(node(), "install", "--network", "k8s-pod-network");
    expect(out).toContain("has not loaded it: ");
    expect(code).toBe(3);
    const doctor = await cnitap(node(), "doctor", "--json");
    expect(doctor.code).toBe(3);
    const checks: { id: string; findings: { seen: string }[] }[] = JSON.parse(doctor.out).checks;
    const seen = checks.find(({ id }) => id === "load-status")?.findings.map((one) => one.seen);
    expect(seen).toEqual([expect.stringContaining("containerd could not load it: ")]);
    await node().exec("rm", join(node().folder, "cni/net.d/05-broken.conflist"));
    expect(await cnitap(node(), "uninstall")).toMatchObject({ code: 0 });
  });
});

describeAsRoot("a drop-in", () => {
  const node = useBareNode({ suite: "sid", conflists: { [file]: plain("1.0.0") } });

  it("logs without a change of the list, and survives a rewrite of the list", async ({ skip }) => {
    skip(node().version.startsWith("1."), "containerd 1.7 has no drop-ins");
    const installed = await cnitap(node(), "install", "--mode", "drop-in");
    expect(installed).toMatchObject({ code: 0, err: "" });
    expect(installed.out).toContain("has loaded it.");
    expect(await readNetwork(node())).toBe(plain("1.0.0"));
    await node().writeConflist(file, plain("0.4.0"));
    const pod = await node().runPod({ name: "drop-0" });
    await end(node(), pod.id);
    expect(auditOf(await node().readLog(), pod.id)).toEqual([]);
    expect(linesOf(await node().readLog(), pod.id).map(brief)).toEqual([
      "ADD post output",
      "DEL post input",
      "DEL post input",
    ]);
    expect(await cnitap(node(), "status")).toMatchObject({ code: 0 });

    const uninstalled = await cnitap(node(), "uninstall");
    expect(uninstalled).toMatchObject({ code: 0, err: "" });
    expect(uninstalled.out).toContain("has loaded it.");
    const last = await node().runPod({ name: "drop-1" });
    await end(node(), last.id);
    expect(linesOf(await node().readLog(), last.id)).toEqual([]);
  });
});

describeAsRoot("containerd 1.7", () => {
  const node = useBareNode({ suite: "trixie", conflists: { [file]: plain("1.1.0") } });

  it("gets no drop-in and no taps in a list of CNI 1.1.0, but taps in a list of 1.0.0", async () => {
    const dropIn = await cnitap(node(), "install", "--mode", "drop-in");
    expect(dropIn.code).toBe(1);
    expect(dropIn.err).toContain("containerd 2.1 or newer (libcni 1.3), and this is containerd 1.7");
    const refused = await cnitap(node(), "install");
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("has 1.1.0, and containerd 1.x fails every pod with it");
    await node().writeConflist(file, plain("1.0.0"));
    const { code, out } = await cnitap(node(), "install");
    expect(code).toBe(0);
    expect(out).toContain("has loaded it.");
    const pod = await node().runPod({ name: "old-0" });
    await end(node(), pod.id);
    expect(linesOf(await node().readLog(), pod.id).map(brief)).toEqual(wholeStory);
    expect(await cnitap(node(), "uninstall")).toMatchObject({ code: 0 });
  });

  it("calls every plugin by the folder of links, which is its only plugin directory", async () => {
    await node().writeConflist(file, plain("1.0.0"));
    const bin = join(node().folder, "cni/bin");
    const useBinDir = async (folder: string) => {
      const change = `s#^bin_dir = .*#bin_dir = '${folder}'#`;
      await node().exec("sed", "-i", change, join(node().folder, "etc/config.toml"));
      await node().restart();
    };
    const installed = await cnitap(node(), "install", "--mode", "wrap", "--delegates", "all");
    expect(installed).toMatchObject({ code: 0, err: "" });
    await useBinDir(`${bin}/cni-tap`);
    expect(await cnitap(node(), "doctor")).toMatchObject({ code: 0 });
    const pod = await node().runPod({ name: "links-0" });
    await end(node(), pod.id);
    expect(auditOf(await node().readLog(), pod.id)).toEqual([]);
    const log = (await node().readLog()).split("\n").flatMap((line) => wrapperCall(line, pod.id));
    for (const plugin of ["loopback", "bridge", "host-local", "portmap"])
      expect(log).toEqual(expect.arrayContaining([`ADD ${plugin} 0`, `DEL ${plugin} 0`]));

    await node().exec("rm", `${bin}/cni-tap/loopback`);
    const { out } = await cnitap(node(), "doctor");
    expect(out).toContain(`${bin}/cni-tap has no link for loopback`);
    expect((await cnitap(node(), "uninstall")).out).toContain("stays: containerd looks for plugins in it");
    await useBinDir(bin);
    expect(await cnitap(node(), "uninstall")).toMatchObject({ code: 0, err: "" });
    expect(await readNetwork(node())).toBe(plain("1.0.0"));
  });
});

const { plugins } = JSON.parse(plain("1.0.0"));
const single = `${JSON.stringify({ cniVersion: "1.0.0", name: "single", ...plugins[0] }, null, 2)}\n`;

describeAsRoot("a network of a single plugin", () => {
  const node = useBareNode({ conflists: { "10-single.conf": single } });

  it("is wrapped in a list, and restored by uninstall", async () => {
    const { code, out } = await cnitap(node(), "install");
    expect(code).toBe(0);
    expect(out).toContain("has loaded it.");
    const pod = await node().runPod({ name: "single-0" });
    expect((await node().podStatus(pod.id)).network?.ip).toMatch(/^10\.244\.1\./);
    expect(await cnitap(node(), "uninstall")).toMatchObject({ code: 0 });
    await end(node(), pod.id);
    expect(linesOf(await node().readLog(), pod.id).map(brief)).toEqual(wholeStory.slice(0, 2));
    expect(auditOf(await node().readLog())).toEqual([]);
    expect(await readNetwork(node(), "10-single.conf")).toBe(single);
  });
});

describeAsRoot("a node that attaches pods to all files", () => {
  const node = useBareNode({ maxConfNum: 0, conflists: { "10-single.conf": single } });

  it("gets no list made from a single plugin", async () => {
    const { code, err } = await cnitap(node(), "install");
    expect(code).toBe(1);
    expect(err).toContain("pods are attached to more than one file (max_conf_num is 0)");
    expect((await cnitap(node(), "doctor")).out).toContain("max_conf_num is 0");
  });
});

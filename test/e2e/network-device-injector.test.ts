import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ContainerdNode } from "../../scripts/containerd/node.ts";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { ip, linksOf, seeHome, startInjector, stateOf } from "./support/injector.ts";
import { linkPlugin, pluginPath } from "./support/launching.ts";
import { describeAsRoot, suites, useNode } from "./support/node.ts";
import { askFromNode, endPod, serve } from "./support/wrap.ts";

const PLUGIN = "10-network-device-injector";
const KEY = "netdevice.noderesource.dev/pod";
const devices = `
- name: wire1
  new_name: eth33
  address: 192.168.77.2
  prefix: 24
  mtu: 1400
- name: wire2
`;
const annotations = { [KEY]: devices };

describe.each(suites)("network-device-injector on containerd of %s", (suite) => {
  describeAsRoot("with devices of the node", () => {
    const node = useNode({ suite });

    it("gives them to a pod, whose traffic goes through them, and takes them back", async () => {
      const before = await makeDevices(node());
      const { said } = await startInjector(node());
      const pod = await node().runPod({ name: "web-0", annotations });
      expect(await stateOf(node(), "wire1")).toBeUndefined();
      await ip(node(), "address add 192.168.77.1/24 dev wire0");
      await serve(node(), pod);
      expect(await askFromNode(node(), "192.168.77.2", 80)).toBe("web-0");
      const inside = await linksOf(node(), await onlyNamespace(node()));
      expect(inside.map(({ ifname }) => ifname).sort()).toEqual(["eth0", "eth33", "lo", "wire2"]);
      expect(inside.find(({ ifname }) => ifname === "eth33")).toMatchObject({ mtu: 1400, ifalias: "wire1" });
      await endPod(node(), pod);
      expect([await stateOf(node(), "wire1"), await stateOf(node(), "wire2")]).toEqual(before);
      const injected = "default/web-0: injected wire1 as eth33, address 192.168.77.2/24, mtu 1400";
      await waitFor("the plugin's words", () => said().includes(injected));
      expect(said()).not.toMatch(/level=(error|warning) msg="[^"]*(inject|return)/);
    });

    it("refuses pods that cannot have theirs, and only those", async () => {
      const before = await makeDevices(node());
      const { said } = await startInjector(node());
      const pod = await node().runPod({ name: "web-0", annotations });
      const run = (name: string, text: string, hostNetwork = false) =>
        node().runPod({ name, annotations: { [KEY]: text }, hostNetwork });
      const failed = (name: string) =>
        `NRI RunPodSandbox failed: .*Cannot inject devices into default/${name}: `;
      await expect(run("late-0", "- name: wire2")).rejects.toThrow(
        new RegExp(`${failed("late-0")}wire2: another pod has it$`),
      );
      const note = `default/late-0: wire2 is in the pod default/web-0 (${pod.id})`;
      await waitFor("who has the device", () => said().includes(note));
      await expect(run("wrong-0", "- name: wire1\n  address: nowhere")).rejects.toThrow(
        new RegExp(`${failed("wrong-0")}invalid device annotation`),
      );
      await expect(run("host-0", "- name: wire0", true)).rejects.toThrow(
        new RegExp(`${failed("host-0")}trying to inject network device on host network Pod`),
      );
      const plain = await node().runPod({ name: "plain-0" });
      await endPod(node(), pod);
      const again = await run("again-0", "- name: wire2");
      for (const one of [plain, again]) await endPod(node(), one);
      expect([await stateOf(node(), "wire1"), await stateOf(node(), "wire2")]).toEqual(before);
    });

    it("takes them back after it was killed, even of pods that have ended meanwhile", async () => {
      const before = await makeDevices(node());
      const first = await startInjector(node());
      const pod = await node().runPod({ name: "web-0", annotations });
      await first.kill("SIGKILL");
      const second = await startInjector(node());
      await endPod(node(), pod);
      expect([await stateOf(node(), "wire1"), await stateOf(node(), "wire2")]).toEqual(before);

      const short = await node().runPod({ name: "short-0", annotations });
      await second.kill("SIGKILL");
      const without = await node().runPod({ name: "without-0", annotations }); // nobody is there to refuse it
      for (const one of [short, without]) await endPod(node(), one);
      expect(await stateOf(node(), "wire1")).toBeUndefined();
      await startInjector(node());
      for (const [at, name] of ["wire1", "wire2"].entries()) await seeHome(node(), name, before[at]);
      await waitFor("that nothing is left", async () => (await leftOver(node())).length === 0);
    });

    it("takes them back from pods that are older than containerd, launched by it", async () => {
      const before = await makeDevices(node());
      await linkPlugin(node(), PLUGIN);
      const file = join(node().folder, "nri/conf.d", `${PLUGIN}.conf`);
      await writeFile(file, "devices: wire2\ndevcies: wire1\n");
      await node().restart();
      const misread = 'this node\'s configuration of network-device-injector is wrong: "devcies" is unknown';
      await expect(node().runPod({ name: "no-0", annotations })).rejects.toThrow(misread);
      await writeFile(file, "devices: [wire1, 'wire*']\n");
      await node().restart();
      const pod = await node().runPod({ name: "web-0", annotations });
      expect(await stateOf(node(), "wire1")).toBeUndefined();
      await node().restart(); // ends the plugin, and launches it again
      await endPod(node(), pod); // containerd tells the plugin nothing of it
      for (const [at, name] of ["wire1", "wire2"].entries()) await seeHome(node(), name, before[at]);
      await waitFor("that nothing is left", async () => (await leftOver(node())).length === 0);
      await rm(file);
      await rm(pluginPath(node(), PLUGIN));
      await node().restart();
    });
  });
});

/** A veth, which is up and has addresses, and a device without another end. Returns their states. */
async function makeDevices(node: ContainerdNode): Promise<unknown[]> {
  for (const { ifname } of await linksOf(node))
    if (ifname === "wire0" || ifname === "wire2") await ip(node, `link del ${ifname}`);
  await ip(node, "link add wire0 type veth peer name wire1", "link add wire2 type ifb", "link set wire0 up");
  await ip(node, "link set wire1 up mtu 1450", "address add 10.77.0.1/24 brd + dev wire1");
  await ip(node, "address add fd77::1/64 nodad dev wire1", "address add 10.78.0.1/24 dev wire2");
  return [await stateOf(node, "wire1"), await stateOf(node, "wire2")];
}

/** The network namespace of the only pod. */
async function onlyNamespace(node: ContainerdNode): Promise<string> {
  const names = (await node.exec("ls", "/run/netns")).split("\n").filter((name) => name.startsWith("cni-"));
  expect(names).toHaveLength(1);
  return names[0] ?? "";
}

/** The files and mounts of the plugin. */
async function leftOver(node: ContainerdNode): Promise<string[]> {
  const files = await node.exec("find", "/run/cni-tap", "-type", "f");
  return files.split("\n").filter((line) => line !== "" && !line.endsWith("/pid"));
}

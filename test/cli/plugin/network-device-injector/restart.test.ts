import { expect, it } from "vitest";
import { waitFor } from "../../../../scripts/containerd/wait.ts";
import { describeAsRoot } from "../../../e2e/support/node.ts";
import type { PodInit } from "../../observe/support/pods.ts";
import {
  heldFiles,
  makePod,
  type Running,
  replaceIp,
  Scene,
  startPlugin,
  startProcess,
} from "./support/scene.ts";

const FILE = "/run/cni-tap/network-device-injector/held.json";
const DEVICES = "[{name: h1, new_name: net1, mtu: 1400, address: 10.0.0.1, prefix: 24}, {name: h2}]";

describeAsRoot("devices come back", () => {
  it("at the stop of a pod that is older than the plugin", async () => {
    const { scene, pod, before, kill } = await injected();
    await kill();
    const again = await startPlugin(scene, { pods: [pod] });
    expect(scene.names("pod1").sort()).toEqual(["h2", "net1"]);
    await again.tell("stop", { id: "pod1" });
    expect(statesOf(scene)).toEqual(before);
    expect(heldFiles(scene)).toEqual([]);
  });

  it("when the plugin starts, if the pod has ended meanwhile, its namespace included", async () => {
    const { scene, before, kill } = await injected();
    await kill();
    scene.ip("netns del pod1");
    expect(scene.names()).toEqual(["h0"]); // the namespace is kept, or the kernel would have deleted them
    const plugin = startProcess(scene, ["-socket", "/nowhere"]);
    await plugin.said("returned h2 to the host");
    expect(statesOf(scene)).toEqual(before);
    await waitFor("that nothing is held", () => heldFiles(scene).length === 0);
  });

  it("when the runtime does not know the pod any more", async () => {
    const { scene, before, kill } = await injected();
    await kill();
    const { plugin } = await startPlugin(scene, { pods: [{ id: "another" }] });
    await plugin.said("returned h2 to the host");
    expect(statesOf(scene)).toEqual(before);
  });

  it("when the pod's namespace goes without a word of the runtime", async () => {
    const { scene, before, running } = await injected();
    scene.ip("netns del pod1");
    await running.plugin.said("returned h2 to the host");
    await waitFor("that nothing is held", () => heldFiles(scene).length === 0);
    expect(statesOf(scene)).toEqual(before);
    await running.tell("remove", { id: "pod1" });
  });

  it.each([
    ["before the first move", "link set dev h1 netns"],
    ["before the second move", "link set dev h2 netns"],
    ["before the address", "address add"],
    ["before the last step", "link set dev h2 up"],
  ])("to the host after a kill %s", async (_, step) => {
    const scene = await sceneWithDevices();
    const before = statesOf(scene);
    const { plugin, tell } = await startPlugin(scene);
    const pod = makePod(scene, "pod1", DEVICES);
    // The plugin is killed by the step that it waits for, also within a batch.
    const check = `case "$line" in "${step}"*) kill -KILL ${plugin.pid}; exit 1 ;; esac`;
    const batch = `while read -r line; do ${check}; /run/ip $line || exit; done; exit`;
    replaceIp(scene, `line="$*"; if [ "$line" = "-batch -" ]; then ${batch}; fi; ${check}`);
    void tell("run", pod).catch(() => {}); // there is no answer
    await plugin.ended;
    scene.run("umount", "--lazy", scene.run("readlink", "-f", "/usr/sbin/ip").trim());
    const again = await startPlugin(scene, { pods: [pod] });
    await waitFor("that nothing is held", () => heldFiles(scene).length === 0);
    expect(statesOf(scene)).toEqual(before);
    await again.tell("run", pod);
    expect(scene.names("pod1").sort()).toEqual(["h2", "net1"]);
  });

  it("once: a second plugin leaves them alone, until the first has ended", async () => {
    const { scene, pod, before, running, kill } = await injected();
    const second = await startPlugin(scene, { pods: [pod] });
    const other = `another network-device-injector runs on this node: process ${running.plugin.pid}`;
    await second.plugin.said(other);
    await expect(second.tell("run", { ...pod, id: "pod2" })).rejects.toThrow(other);
    await second.tell("stop", pod);
    expect(scene.names("pod1").sort()).toEqual(["h2", "net1"]);
    await kill();
    await second.tell("stop", pod);
    expect(statesOf(scene)).toEqual(before);
  });

  it("from a file that is garbage for other pods, and whatever is in it, the plugin starts", async () => {
    const { scene, before, kill } = await injected();
    await kill();
    const held = JSON.parse(scene.run("cat", FILE));
    const [entry] = held.pods;
    const evil = { ...entry, id: "../../etc/passwd" };
    const flag = { ...entry, id: "x", devices: [{ ...entry.devices[0], podName: "-all" }] };
    const write = (text: string) => scene.run("sh", "-c", 'printf %s "$1" >"$2"', "sh", text, FILE);
    write(JSON.stringify({ version: 1, pods: [evil, null, entry, flag, { id: 5 }] }));
    scene.ip("netns del pod1");
    const plugin = startProcess(scene, ["-socket", "/nowhere"]);
    await plugin.said("Cannot read 4 of the entries of");
    await plugin.said("returned h2 to the host");
    expect(statesOf(scene)).toEqual(before);
    await plugin.end();
    for (const text of ["", '{"version":1,"pods":{}}', "[".repeat(100_000)]) {
      write(text);
      const { tell, plugin: next } = await startPlugin(scene);
      await next.said("Cannot read 1 of the entries of");
      const pod = makePod(scene, "pod1", DEVICES);
      await tell("run", pod);
      await tell("stop", pod);
      expect(statesOf(scene)).toEqual(before);
      scene.ip("netns del pod1");
      await next.end();
    }
  });
});

function statesOf(scene: Scene): unknown[] {
  return ["h1", "h2"].map((name) => scene.state(name));
}

async function sceneWithDevices(): Promise<Scene> {
  const scene = await Scene.begin();
  scene.ip("link add h1 type veth peer name h0", "link set h1 up", "address add 10.1.1.1/24 dev h1");
  scene.ip("link add h2 type ifb", "address add fd02::1/64 nodad dev h2");
  return scene;
}

interface Injected {
  readonly scene: Scene;
  readonly pod: PodInit;
  readonly running: Running;
  /** The states of the devices before they were injected. */
  readonly before: unknown;
  kill(): Promise<void>;
}

async function injected(): Promise<Injected> {
  const scene = await sceneWithDevices();
  const before = statesOf(scene);
  const running = await startPlugin(scene);
  const pod = makePod(scene, "pod1", DEVICES);
  await running.tell("run", pod);
  const kill = async () => void (await running.plugin.end("SIGKILL"));
  return { scene, pod, running, before, kill };
}

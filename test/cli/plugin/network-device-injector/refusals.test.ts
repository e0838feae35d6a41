import { expect, it } from "vitest";
import { waitFor } from "../../../../scripts/containerd/wait.ts";
import { describeAsRoot } from "../../../e2e/support/node.ts";
import type { PodInit } from "../../observe/support/pods.ts";
import {
  heldFiles,
  KEY,
  makePod,
  podIn,
  type Running,
  replaceIp,
  Scene,
  startPlugin,
  startProcess,
} from "./support/scene.ts";

/** The whole error that the runtime gets. */
async function refusal({ tell }: Running, pod: PodInit): Promise<string> {
  const error = await tell("run", pod).catch((thrown: unknown) => thrown);
  if (!(error instanceof Error)) throw new Error("the pod was not refused");
  const prefix = `Cannot call RunPodSandbox: Cannot inject devices into default/${pod.name}: `;
  expect(error.message.startsWith(prefix), error.message).toBe(true);
  return error.message.slice(prefix.length);
}

/** What a pod asks for, and what the runtime is told. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["x".repeat(256 << 10), /: yaml: longer than 16384 bytes$/],
  ["[".repeat(16_000), /: yaml: deeper than 100 levels$/],
  [`&a [${"&b [*a],".repeat(1000)}]`, /: yaml: unknown anchor, or one that contains itself$/],
  ['- name: "\\e]0;x\\a\\0"', /: name "\\x1b\]0;x\\a\\x00" is no name of a network interface$/],
  ["- name: [", /^invalid device annotation "netdevice.noderesource.dev\/pod": error converting YAML/],
  ["- {name: g1, address: 10.0.0.1/24}", /error parsing address "10.0.0.1\/24"$/],
  ["[{name: g1, mtu: 1280}, {name: nope}]", /^nope: the host has no such interface$/],
  ["- name: lo", /^lo: a loopback interface stays in its namespace$/],
  ["[{name: g1}, {name: g2, new_name: eth0}]", /^g2: the pod already has an interface eth0$/],
  ["- name: g4", /^g4: it is a port of the host's br0, and -devices does not name it$/],
  [
    "[{name: g2}, {name: g1, new_name: net1, mtu: 10}]",
    /^cannot move g1 into the pod as net1 with mtu 10: mtu less than device minimum.*; all is undone$/,
  ],
  [
    '[{name: g1, new_name: net1, mtu: 1300, address: 10.9.9.9}, {name: g2, address: "fd00::1"}]',
    /^cannot give g2 the address fd00::1\/128: .*; all is undone$/,
  ],
  ["[{name: g1}, {name: br0}]", /^cannot move br0 into the pod as br0: .*; all is undone$/],
];

describeAsRoot("a pod is refused, and nothing has changed,", () => {
  it("for what it asks for", async () => {
    const scene = await sceneWithDevices();
    const names = ["g1", "g2", "g4", "br0"];
    const before = names.map((name) => scene.state(name));
    const running = await startPlugin(scene);
    for (const [at, [devices, message]] of REFUSED.entries()) {
      const id = `pod${at}`;
      const pod = makePod(scene, id, devices);
      scene.ip(`-n ${id} link add eth0 type ifb`);
      const noIpv6 = "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6";
      scene.run("ip", "netns", "exec", id, "sh", "-c", noIpv6);
      expect(await refusal(running, pod)).toMatch(message);
      expect(names.map((name) => scene.state(name))).toEqual(before);
      expect(scene.names(id)).toEqual(["eth0"]);
      expect(heldFiles(scene)).toEqual([]);
      await running.tell("stop", pod); // as runtimes do then
      expect(scene.state("eth0", id)).toBeDefined();
    }
  });

  it("on the host's network", async () => {
    const scene = await sceneWithDevices();
    const running = await startPlugin(scene);
    const own = `/proc/${running.plugin.pid}/ns/net`;
    const annotations = { [KEY]: "- name: g1" };
    const pod = (namespaces: { type: string; path: string }[]): PodInit => ({
      ...{ id: "pod1", namespace: "default", name: "pod1", annotations, linux: { namespaces } },
    });
    const onHost = "trying to inject network device on host network Pod";
    expect(await refusal(running, pod([]))).toBe(onHost);
    expect(await refusal(running, pod([{ type: "pid", path: "/proc/1/ns/pid" }]))).toBe(onHost);
    expect(await refusal(running, pod([{ type: "network", path: own }]))).toBe(
      "its network namespace is the host's",
    );
    expect(await refusal(running, pod([{ type: "network", path: "/run/netns/gone" }]))).toMatch(
      /it is not there$/,
    );
    expect(await refusal(running, pod([{ type: "network", path: "/proc/1/ns" }]))).toMatch(
      /it is no namespace$/,
    );
    expect(scene.state("g1")).toBeDefined();
  });

  it("for a device that another pod has, or wants at the same time", async () => {
    const scene = await sceneWithDevices();
    const running = await startPlugin(scene);
    const pods = ["pod1", "pod2", "pod3"].map((id) => makePod(scene, id, "[{name: g1}]"));
    const ends = await Promise.all(pods.map((pod) => running.tell("run", pod).then(() => "", String)));
    const winner = ends.indexOf("");
    expect(ends.filter((end) => end !== "")).toHaveLength(2);
    for (const end of ends.toSpliced(winner, 1)) expect(end).toMatch(/: g1: another pod has it$/);
    await running.plugin.said(`: g1 is in the pod default/pod${winner + 1} (pod${winner + 1})`);
    expect(pods.map(({ id }) => scene.names(id).join())).toEqual(
      pods.map((_, at) => (at === winner ? "g1" : "")),
    );
    for (const pod of pods) if (pod !== pods[winner]) await running.tell("stop", pod);
    expect(scene.names(pods[winner]?.id)).toEqual(["g1"]);
  });

  it("if it cannot be written down what is moved", async () => {
    const scene = await sceneWithDevices();
    scene.run("mkdir", "-p", "/run/cni-tap/network-device-injector");
    scene.run("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", "/run/cni-tap/network-device-injector");
    const running = await startPlugin(scene);
    const pod = makePod(scene, "pod1", "- name: g1");
    expect(await refusal(running, pod)).toMatch(
      /^Cannot write .*held.json: the file system is read-only; all is undone$/,
    );
    expect(scene.names("pod1")).toEqual([]);
    expect(scene.names()).toContain("g1");
  });

  it("if ip(8) hangs, within the runtime's time", async () => {
    const scene = await sceneWithDevices();
    const before = scene.state("g1");
    const running = await startPlugin(scene);
    const pod = makePod(scene, "pod1", "- {name: g1, new_name: net1}");
    replaceIp(scene, 'case "$*" in "link set dev net1 up") sleep 30 ;; esac');
    // Calls time out after 2 s, as those of a runtime do.
    expect(await refusal(running, pod)).toBe("cannot set net1 up: it took too long; all is undone");
    expect(scene.state("g1")).toEqual(before);
  });
});

const UPLINK = "the host's default route goes through it";
/** A device, why it is not moved, and a line of ip(8) that makes it so, with one that undoes that. */
const NEEDED = [
  ["u1", UPLINK, "route add default via 10.0.0.254 dev u1", "route del default"],
  ["u1", UPLINK, "-6 route add default via fe80::1 dev u1", "-6 route del default"],
  ["u1", UPLINK, "route add default dev u5", "route del default"],
  ["u3", UPLINK, "route add default dev br1", "route del default"],
  ["u1", "routes of the host go through it", "route add 10.9.0.0/16 via 10.0.0.254", "route del 10.9.0.0/16"],
  ["u3", "it is a port of the host's br1", "link set u3 up", "link set u3 down"],
  ["u0", "its other end is in another network namespace, maybe a pod's", "link set u1 netns pod2", ""],
] as const;

describeAsRoot("what the host needs", () => {
  it("is not moved, unless -devices names it", async () => {
    const scene = await Scene.begin();
    scene.ip("link add u0 type veth peer name u1", "link set u0 up", "address add 10.0.0.1/24 dev u1");
    scene.ip("link set u1 up", "link add u5 link u1 type macvlan", "link set u5 up");
    scene.ip("link add br1 type bridge", "link set br1 up", "link add u2 type veth peer name u3");
    scene.ip("link set u3 master br1", "netns add pod2");
    const running = await startPlugin(scene);
    makePod(scene, "pod1");
    const pod = (name: string) => podIn("pod1", `- name: ${name}`);
    for (const [name, reason, needs, undo] of NEEDED) {
      scene.ip(needs);
      expect(await refusal(running, pod(name))).toBe(`${name}: ${reason}, and -devices does not name it`);
      if (undo !== "") scene.ip(undo);
    }
    await running.plugin.end();
    scene.ip("route add default dev br1");
    const again = await startPlugin(scene, { args: ["-devices", "u1*,u3"] });
    await again.tell("run", pod("u3"));
    expect(scene.names("pod1")).toEqual(["u3"]);
    await again.tell("stop", pod("u3"));
    expect(scene.state("u3")).toMatchObject({ master: "br1" });
  });

  it("and all but the devices of -devices are out of reach", async () => {
    const scene = await sceneWithDevices();
    const running = await startPlugin(scene, { args: ["-devices=g2*, x"] });
    const pod = makePod(scene, "pod1", "- name: g1");
    expect(await refusal(running, pod)).toBe("g1: this node's -devices does not allow it");
    await running.tell("run", { ...pod, annotations: { [KEY]: "- name: g2" } });
    expect(scene.names("pod1")).toEqual(["g2"]);
  });
});

describeAsRoot("it does not start", () => {
  it("without iproute2", async () => {
    const scene = await Scene.begin();
    replaceIp(scene, 'echo "ip: unrecognized option: j" >&2; exit 1');
    const plugin = startProcess(scene, ["-socket", "/nowhere"]);
    expect(await plugin.ended).toEqual({ code: 1, signal: null });
    expect(plugin.err).toMatch(
      /level=fatal msg="Cannot use ip: ip: unrecognized option: j. It needs iproute2's ip, and nsenter/,
    );
  });

  it("with a flag that the original does not know either", async () => {
    const scene = await Scene.begin();
    const plugin = startProcess(scene, ["-device", "x"]);
    expect(await plugin.ended).toEqual({ code: 2, signal: null });
    expect(plugin.err).toMatch(
      /^flag provided but not defined: -device\nUsage of cnitap plugin network-device-injector:/,
    );
  });
});

async function sceneWithDevices(): Promise<Scene> {
  const scene = await Scene.begin();
  scene.ip("link add g1 type veth peer name g0", "link set g1 up", "address add 10.1.1.1/24 dev g1");
  scene.ip("link add g2 type ifb", "link add br0 type bridge", "link add g3 type veth peer name g4");
  scene.ip("link set g4 master br0");
  await waitFor("g1 up", () =>
    scene.links().some(({ ifname, flags }) => ifname === "g1" && flags.includes("UP")),
  );
  return scene;
}

import { expect, it } from "vitest";
import { describeAsRoot } from "../../../e2e/support/node.ts";
import { heldFiles, makePod, podIn, Scene, startPlugin } from "./support/scene.ts";

const KEYS = ["netdevices.noderesource.dev/pod", "netdevice.nri.containerd.io"];

describeAsRoot("a device", () => {
  it("is in the pod as asked, and comes back as it was", async () => {
    const scene = await Scene.begin();
    scene.ip("link add a0 type veth peer name a1", "link set a0 up", "link set a1 mtu 1400 up");
    scene.ip("link set a1 alias uplink-of-rack-3", "address add 10.1.1.1/24 brd + dev a1");
    scene.ip(
      "address add 10.1.2.1 peer 10.1.2.2/32 label a1:x dev a1",
      "address add fd01::5/64 nodad dev a1",
    );
    scene.ip("address add 10.1.3.1/24 valid_lft 1000 preferred_lft 900 dev a1");
    const before = scene.state("a1");
    const { plugin, tell } = await startPlugin(scene);
    const text = "- name: a1\n  new_name: eth33\n  address: 192.168.2.2\n  prefix: 24\n  mtu: 1300\n";
    const pod = makePod(scene, "pod1", text);
    await tell("run", pod);
    expect(scene.names()).toEqual(["a0"]);
    expect(scene.state("eth33", "pod1")).toMatchObject({ mtu: 1300, up: true, ifalias: "a1" });
    expect(scene.run("ip", "-n", "pod1", "address", "show", "eth33")).toContain(
      "inet 192.168.2.2/24 brd 192.168.2.255 scope global eth33",
    );
    expect(heldFiles(scene)).toHaveLength(2);
    await tell("stop", { id: "pod1" }); // containerd 1.7 tells no namespaces here
    expect(scene.state("a1")).toEqual(before);
    expect(scene.names("pod1")).toEqual([]);
    expect(heldFiles(scene)).toEqual([]);
    await tell("remove", pod);
    await plugin.said("returned");
    expect(plugin.messages).toEqual(
      expect.arrayContaining([
        "Created plugin 10-network-device-injector (cnitap, handles RunPodSandbox,StopPodSandbox,RemovePodSandbox)",
        "default/pod1: injected a1 as eth33, address 192.168.2.2/24, mtu 1300",
        "default/pod1: returned a1 to the host",
      ]),
    );
    expect(await plugin.end()).toEqual({ code: 0, signal: null });
  });

  it.each(KEYS)("is asked for with %s, and keeps its name and its state", async (key) => {
    const scene = await Scene.begin();
    scene.ip("link add b1 type ifb");
    const before = scene.state("b1");
    const { tell } = await startPlugin(scene);
    makePod(scene, "pod1");
    const pod = podIn("pod1", '[{"name":"b1"}]', key);
    await tell("run", pod);
    expect(scene.state("b1", "pod1")).toMatchObject({ up: true, addresses: [] });
    await tell("stop", pod);
    expect(scene.state("b1")).toEqual(before);
    expect(before).toMatchObject({ up: false });
  });

  it("is one of several, of any kind and family of addresses", async () => {
    const scene = await Scene.begin();
    scene.ip(
      "link add c0 type veth peer name c1",
      "link add c2 type ifb",
      "link add c3 link c0 type macvlan",
    );
    scene.ip("tuntap add dev c4 mode tap", "link set c1 up", "link set c3 up");
    const names = ["c1", "c2", "c3", "c4"];
    const before = names.map((name) => scene.state(name));
    const { tell } = await startPlugin(scene);
    const text = `
- {name: c1, new_name: net1, address: "fd00::1:2", prefix: 64}
- {NAME: c2, New_Name: net2, address: 10.0.0.1}
- {name: c3, mtu: 1280, unknown: [1]}
- {name: c4, new_name: c1, address: 10.0.1.1, prefix: 31}`;
    const pod = makePod(scene, "pod1", text);
    scene.ip("-n pod1 link add eth0 type veth peer name eth1", "-n pod1 link add c4 type ifb");
    await tell("run", pod);
    expect(scene.names()).toEqual(["c0"]);
    expect(scene.names("pod1").sort()).toEqual(["c1", "c3", "c4", "eth0", "eth1", "net1", "net2"]);
    const addresses = (name: string) =>
      scene
        .links("pod1")
        .find(({ ifname }) => ifname === name)
        ?.addr_info.map((one) => `${one.local}/${one.prefixlen}`);
    expect(addresses("net1")).toContain("fd00::1:2/64");
    expect(addresses("net2")).toContain("10.0.0.1/32");
    expect(addresses("c1")).toContain("10.0.1.1/31");
    expect(scene.state("c3", "pod1")).toMatchObject({ mtu: 1280 });
    await tell("stop", pod);
    expect(names.map((name) => scene.state(name))).toEqual(before);
    expect(scene.names("pod1").sort()).toEqual(["c4", "eth0", "eth1"]);
  });

  it("comes back even if the pod has changed its name, its addresses and all else", async () => {
    const scene = await Scene.begin();
    scene.ip("link add d0 type veth peer name d1", "link set d1 up");
    const before = scene.state("d1");
    const { tell } = await startPlugin(scene);
    const pod = makePod(scene, "pod1", "- name: d1");
    await tell("run", pod);
    scene.ip(
      "-n pod1 link set d1 down",
      "-n pod1 link set dev d1 name -n address 02:00:00:00:00:07 mtu 900 alias x",
    );
    scene.ip("-n pod1 link add d1 type ifb");
    await tell("stop", pod);
    expect(scene.state("d1")).toEqual(before);
    expect(scene.names("pod1")).toEqual(["d1"]);
  });

  it("is not there any more where the pod has deleted it, which is said", async () => {
    const scene = await Scene.begin();
    scene.ip("link add e0 type veth peer name e1", "link add e2 type ifb");
    const { plugin, tell } = await startPlugin(scene);
    const pod = makePod(scene, "pod1", "[{name: e1}, {name: e2}]");
    await tell("run", pod);
    scene.ip("-n pod1 link del e1");
    await tell("stop", pod);
    await plugin.said("Cannot return e1 of default/pod1: it is neither on the host nor in the pod any more");
    expect(scene.names()).toEqual(["e2"]);
    expect(heldFiles(scene)).toEqual([]);
  });

  it("waits for its name, if the host has given that to another", async () => {
    const scene = await Scene.begin();
    scene.ip("link add f0 type veth peer name f1", "link set f1 up");
    const before = scene.state("f1");
    const { plugin, tell } = await startPlugin(scene);
    const pod = makePod(scene, "pod1", "[{name: f1, new_name: net1}]");
    await tell("run", pod);
    scene.ip("link add f1 type ifb");
    await tell("stop", pod);
    await plugin.said(
      /Cannot return f1 of default\/pod1: the host has another interface of that name; it is called net1/,
    );
    scene.ip("link set f1 name f2");
    await plugin.said("returned f1 to the host");
    expect(scene.state("f1")).toEqual(before);
    expect(heldFiles(scene)).toEqual([]);
  });

  it("that no pod asks for costs nothing", async () => {
    const scene = await Scene.begin();
    const { plugin, tell } = await startPlugin(scene);
    for (const [at, text] of [undefined, "", "null", "[]", "# none"].entries()) {
      const pod = makePod(scene, `pod${at}`, text);
      for (const event of ["run", "stop", "remove"] as const) await tell(event, pod);
    }
    await tell("run", { id: "host", linux: { namespaces: [] } });
    expect(heldFiles(scene)).toEqual([]);
    await plugin.end();
    expect(plugin.err).not.toMatch(/level=(warning|error)/);
  });
});

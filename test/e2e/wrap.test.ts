import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { expect, it } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { type Recorded, readRecords, variableOf, withoutDescriptors } from "../support/recorder.ts";
import { auditOf } from "./support/audit.ts";
import { describeAsRoot, useBareNode } from "./support/node.ts";
import * as wrap from "./support/wrap.ts";

const file = "10-k8s-pod-network.conflist";
const portMappings = [{ protocol: "TCP", container_port: 80, host_port: 8080 }] as const;
const portmap = { type: "portmap", backend: "iptables", capabilities: { portMappings: true } };
const firstOnly = { ...wrap.bridge, type: "first-only" };

describeAsRoot("plugins wrapped in the list", () => {
  const node = useBareNode({
    conflists: { [file]: wrap.listOf([wrap.bridge]) },
    plugins: wrap.testPlugins(),
    links: "beside",
  });

  async function useList(plugins: readonly wrap.Stanza[], cniVersion?: string): Promise<void> {
    await node().writeConflist(file, wrap.listOf(plugins, cniVersion));
  }

  async function linesOf(id: string): Promise<wrap.Line[]> {
    return wrap.linesOf(await node().readLog(), id);
  }

  async function audit(...pods: readonly { readonly id: string }[]): Promise<string[]> {
    return auditOf(await node().readLog(), ...pods.map(({ id }) => id));
  }

  /** The error with which a pod must fail; its ID is masked. */
  async function failure(name: string, signal?: AbortSignal): Promise<{ id: string; message: string }> {
    const error: unknown = await node()
      .runPod({ name }, signal)
      .catch((reason: unknown) => reason);
    if (!(error instanceof Error)) throw new Error(`The pod ${name} did not fail`);
    const id = /[0-9a-f]{64}/.exec(error.message)?.[0] ?? "";
    return { id, message: error.message.replaceAll(id || "no ID", "<id>").replaceAll(name, "<name>") };
  }

  /** Whether the kernel has a kind of network interface. */
  async function hasKind(...kind: string[]): Promise<boolean> {
    const link = ["busybox", "ip", "link"] as const;
    const made = await node()
      .exec(...link, "add", "probe0", ...kind)
      .catch(() => null);
    if (made !== null) await node().exec(...link, "del", "probe0");
    return made !== null;
  }

  it("are started with the same bytes as bare ones", async () => {
    const knows110 = !node().version.startsWith("1.");
    const recorder = {
      type: "recorder",
      capabilities: { portMappings: true, "io.kubernetes.cri.pod-annotations": true },
      z: ["<&>\u2028", 1e21, { type: "inner", cniTap: {} }],
    };
    const three = [recorder, wrap.wrapped(recorder), wrap.wrapped(recorder, { delegates: true })];
    await useList([wrap.bridge, ...three], knows110 ? "1.1.0" : "1.0.0");
    await rm(node().outside("/tmp/dumps"), { recursive: true, force: true }); // of the STATUS calls until now
    await node().status();
    const annotations = { "example.com/big": "0123456789abcdef".repeat(6400) }; // more than a pipe holds
    const pod = await node().runPod({ name: "same-0", annotations, portMappings });
    await wrap.endPod(node(), pod);

    expect(await audit(pod)).toEqual([]);
    const records = readRecords(node().outside("/tmp/dumps"));
    const commands = [...(knows110 ? ["STATUS"] : []), "ADD", "DEL", "DEL"];
    expect(records.map((record) => variableOf(record, "CNI_COMMAND"))).toEqual(
      commands.flatMap((command) => [command, command, command]),
    );
    const plugins = `${node().folder}/cni/bin`;
    for (const command of commands) {
      const call = records.splice(0, 3);
      const [first, alone, delegating] = command === "DEL" ? call.reverse() : call; // it goes backwards
      if (!first) throw new Error("Cannot see the calls: some are missing");
      const bare = withoutDescriptors(first);
      expect(bare.argv).toEqual([`${plugins}/recorder`]);
      expect(bare.stdin.length).toBeGreaterThan(command === "STATUS" ? 100 : 100_000);
      expect(bare.env).toContain(`CNI_PATH=${plugins}`);
      expect(sorted(alone)).toEqual(sorted(bare));
      const path = `CNI_PATH=${plugins}/cni-tap:${plugins}`;
      const env = bare.env.map((entry) => (entry.startsWith("CNI_PATH=") ? path : entry));
      expect(sorted(delegating)).toEqual(sorted({ ...bare, env }));
    }
  });

  it("make pods that others and the node can reach, and the log has what each plugin gave", async () => {
    const rates = { ingressRate: 80_000_000, egressRate: 80_000_000 };
    const bursts = { ingressBurst: 8_000_000, egressBurst: 8_000_000 };
    const plugins = [
      ...[wrap.bridge, portmap, { type: "firewall", backend: "iptables" }],
      { type: "tuning", sysctl: { "net.ipv4.ip_default_ttl": "61" } },
      ...((await hasKind("type", "ifb")) ? [{ type: "bandwidth", ...rates, ...bursts }] : []),
    ];
    await useList(plugins.map((plugin) => wrap.wrapped(plugin, { delegates: true })));
    // One after the other: firewall makes the chains that all pods share for the first one.
    const server = await node().runPod({ name: "server-0", portMappings });
    const client = await node().runPod({ name: "client-0" });
    const pods = [server, client];
    const ip = (await node().podStatus(server.id)).network?.ip ?? "";
    await wrap.serve(node(), server);
    expect(await wrap.askFrom(node(), client, ip)).toBe("server-0");
    expect(await wrap.askFromNode(node(), "10.244.1.1", 8080)).toBe("server-0");
    await Promise.all(pods.map((pod) => wrap.endPod(node(), pod)));
    expect(await node().exec("iptables-save", "-t", "nat")).not.toContain("--dport 8080");

    const [first = "", ...others] = plugins.map(({ type }) => type);
    const chain = [[first, "host-local"] as const, ...others];
    const story = [
      ...wrap.calls("ADD", chain),
      ...wrap.calls("DEL", chain.toReversed()), // StopPodSandbox
      ...wrap.calls("DEL", chain.toReversed()), // RemovePodSandbox
    ];
    for (const { id } of pods) expect((await linesOf(id)).map(wrap.brief)).toEqual(story);
    expect(await audit(...pods)).toEqual([]);

    const adds = (await linesOf(server.id)).filter(({ command }) => command === "ADD");
    const of = (type: string, ended: boolean) =>
      adds.find((line) => line.plugin === type && line.ended === ended)?.content;
    const address = { ips: [{ address: `${ip}/24` }] };
    expect(of("host-local", true)).toMatchObject(address);
    expect(of("host-local", false)).toEqual(of(first, false));
    for (const [index, type] of others.entries()) {
      const prevResult = of(others[index - 1] ?? first, true);
      expect(prevResult).toMatchObject(address);
      expect(of(type, false)).toMatchObject({ type, prevResult });
    }
    expect(of(others.at(-1) ?? first, true)).toMatchObject(address);
  });

  it.for([
    ["ptp", { type: "ptp", ipam: wrap.hostLocal("10.244.2.0/24") }],
    ["macvlan", { type: "macvlan", master: "master0", ipam: wrap.hostLocal("10.244.3.0/24") }],
  ] as const)("%s connects pods", async ([type, plugin], { skip }) => {
    if (type === "macvlan") {
      const link = (...words: string[]) => node().exec("busybox", "ip", "link", ...words);
      await link("add", "master0", "type", "veth"); // the other end is veth0
      for (const end of ["master0", "veth0"]) await link("set", end, "up");
      skip(!(await hasKind("link", "master0", "type", "macvlan")), "this kernel has no macvlan");
    }
    await useList([wrap.wrapped(plugin, { delegates: true })]);
    const pods = await Promise.all([
      node().runPod({ name: `${type}-0` }),
      node().runPod({ name: `${type}-1` }),
    ]);
    const [server, client] = pods;
    await wrap.serve(node(), server);
    const ip = (await node().podStatus(server.id)).network?.ip ?? "";
    expect(await wrap.askFrom(node(), client, ip)).toBe(`${type}-0`);
    await Promise.all(pods.map((pod) => wrap.endPod(node(), pod)));
    const chain = [[type, "host-local"]] as const;
    const story = ["ADD", "DEL", "DEL"].flatMap((command) => wrap.calls(command, chain));
    for (const { id } of pods) expect((await linesOf(id)).map(wrap.brief)).toEqual(story);
    expect(await audit(...pods)).toEqual([]);
  });

  it("have their lines whole and in order for each of 8 pods at once", async () => {
    await useList([wrap.bridge, portmap].map((plugin) => wrap.wrapped(plugin, { delegates: true })));
    const ids = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const pod = await node().runPod({ name: `crowd-${index}` });
        await wrap.endPod(node(), pod);
        return pod.id;
      }),
    );
    const chain = [["bridge", "host-local"] as const, "portmap"];
    const dels = wrap.calls("DEL", chain.toReversed());
    const story = [...wrap.calls("ADD", chain), ...dels, ...dels];
    for (const id of ids) expect((await linesOf(id)).map(wrap.brief)).toEqual(story);
    expect(await audit(...ids.map((id) => ({ id })))).toEqual([]);
  });

  it("may be first where any result before them is refused", async () => {
    await useList([{ ...wrap.bridge, bridge: "cni1", ipam: wrap.hostLocal("10.244.4.0/24") }, firstOnly]);
    expect((await failure("behind-0")).message).toContain("prevResult supplied");

    await useList([wrap.wrapped(firstOnly), wrap.wrapped(portmap)]);
    const pod = await node().runPod({ name: "first-0", portMappings });
    expect((await node().podStatus(pod.id)).network?.ip).toMatch(/^10\.244\.1\./);
    await wrap.endPod(node(), pod);
    const dels = wrap.calls("DEL", ["portmap", "first-only"]);
    expect((await linesOf(pod.id)).map(wrap.brief)).toEqual([
      ...wrap.calls("ADD", ["first-only", "portmap"]),
      ...dels,
      ...dels,
    ]);
    expect(await audit(pod)).toEqual([]);
  });

  it("end with the runtime's patience, and leave a first line without a second", async () => {
    await useList([wrap.wrapped({ type: "hangs" })]);
    const patience = new AbortController();
    const pod = failure("hung-0", patience.signal);
    const pidFile = node().outside("/tmp/hangs.pid");
    const pid = await waitFor(
      "the plugin that hangs",
      async () => existsSync(pidFile) && readFile(pidFile, "utf8"),
    );
    const plugin = node().outside(`/proc/${pid.trim()}`);
    expect(existsSync(plugin)).toBe(true);
    patience.abort();
    expect((await pod).message).toContain("CANCELLED");
    await waitFor("the end of the plugin", () => !existsSync(plugin));

    const id = await waitFor("the rollback of the pod", async () => {
      const log = await node().readLog();
      return /"DEL","containerId":"([0-9a-f]+)".*"hangs","ms"/.exec(log)?.[1];
    });
    const lines = await linesOf(id);
    expect(lines.map(wrap.brief)).toEqual(["ADD hangs", ...wrap.calls("DEL", ["hangs"])]);
    expect(new Set(lines.map(({ pid }) => pid)).size).toBe(2);
    expect(existsSync(node().outside(`/proc/${lines[0]?.pid}`))).toBe(false);
    expect(await audit({ id })).toEqual(["call-killed default/hung-0 hangs"]);
  });

  it.each([
    {
      plugin: "refuses",
      said: /Cannot reach the daemon.*dial unix \/run\/d\.sock: <refused>/,
      end: { exit: 1, signal: null, stderr: "the daemon is not ready\n" },
      found: "add-failed",
      output: { cniVersion: "1.0.0", code: 11, msg: "Cannot reach the daemon" },
    },
    {
      plugin: "babbles",
      said: /panic: runtime error/,
      end: { exit: 2, signal: null, stderr: "goroutine 1 [running]\n" },
      found: "add-failed",
      output: "panic: runtime error\n",
    },
    {
      plugin: "dies",
      said: /signal: killed/,
      end: { exit: null, signal: 9, stderr: null },
      found: "plugin-died",
      output: null,
    },
  ])("$plugin: the pod's error is the bare plugin's, and the log has the rest", async (example) => {
    const { plugin, said, end, found, output } = example;
    await useList([wrap.bridge, { type: plugin }]);
    const bare = await failure(`${plugin}-0`);
    expect(bare.message).toMatch(said);
    await useList([wrap.bridge, wrap.wrapped({ type: plugin })]);
    const { id, message } = await failure(`${plugin}-1`);
    expect(message).toBe(bare.message.replaceAll(`plugin type="${plugin}"`, 'plugin type="cni_wrap"'));

    const lines = await linesOf(id);
    const [begin, ended, ...rest] = lines;
    expect(rest.map(wrap.brief)).toEqual(wrap.calls("DEL", [plugin]));
    expect(begin).toMatchObject({ command: "ADD", plugin, ended: false, content: { type: plugin } });
    expect(ended).toMatchObject({ pid: begin?.pid, command: "ADD", plugin, ended: true, ...end });
    if (output === null) expect(ended?.content).toBeNull();
    else expect(ended).toMatchObject({ content: output });
    expect(await audit({ id })).toEqual([`${found} default/${plugin}-1 ${plugin}`]);
  });
});

/** libcni's order of variables is a random one. */
function sorted(record: Recorded | undefined): Recorded | undefined {
  return record && { ...record, env: record.env.toSorted() };
}

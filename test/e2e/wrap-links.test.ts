import { rm, symlink, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { type Recorded, readRecords, variableOf, withoutDescriptors } from "../support/recorder.ts";
import { auditOf } from "./support/audit.ts";
import { describeAsRoot, suites, useBareNode } from "./support/node.ts";
import * as wrap from "./support/wrap.ts";

const file = "10-k8s-pod-network.conflist";
const portMappings = [{ protocol: "TCP", container_port: 80, host_port: 8080 }] as const;
const portmap = { type: "portmap", backend: "iptables", capabilities: { portMappings: true } };

/*
 * The runtime finds a directory of links to cni_wrap before that of the plugins (containerd 2.1: bin_dirs), or alone (1.7:
 * bin_dir). The lists name no cni_wrap.
 */
describe.each(suites)("on containerd of %s", (suite) => {
  describeAsRoot("plugins wrapped by links", () => {
    const node = useBareNode({
      conflists: { [file]: wrap.listOf([wrap.bridge]) },
      plugins: wrap.testPlugins(),
      links: "first",
      suite,
    });
    const plugins = () => `${node().folder}/cni/bin`;
    const links = () => `${plugins()}/cni-tap`;

    it("are started with the same bytes as bare ones", async () => {
      const isOld = node().version.startsWith("1.");
      await rm(`${links()}/recorder-bare`);
      // With one directory, what is not to be wrapped is in it, too.
      if (isOld) await symlink("../recorder-bare", `${links()}/recorder-bare`);
      const settings = { capabilities: { portMappings: true }, z: ["<&>\u2028", 1e21] };
      const two = [
        { type: "recorder-bare", ...settings },
        { type: "recorder", ...settings },
      ];
      const list = wrap.listOf([wrap.bridge, ...two], isOld ? "1.0.0" : "1.1.0");
      await node().writeConflist(file, list);
      await rm(node().outside("/tmp/dumps"), { recursive: true, force: true }); // of the STATUS calls until now
      await node().status();
      const pod = await node().runPod({ name: "same-0", portMappings });
      await wrap.endPod(node(), pod);

      const records = readRecords(node().outside("/tmp/dumps"));
      const commands = [...(isOld ? [] : ["STATUS"]), "ADD", "DEL", "DEL"];
      expect(records.map((record) => variableOf(record, "CNI_COMMAND"))).toEqual(
        commands.flatMap((command) => [command, command]),
      );
      for (const command of commands) {
        const call = records.splice(0, 2);
        const [bare, wrapped] = command === "DEL" ? call.reverse() : call; // it goes backwards
        if (!bare || !wrapped) throw new Error("Cannot see the calls: some are missing");
        const given = isOld ? links() : `${links()}:${plugins()}`;
        expect(bare.env).toContain(`CNI_PATH=${given}`);
        expect(bare.argv).toEqual([`${isOld ? links() : plugins()}/recorder-bare`]);
        expect(sorted(wrapped)).toEqual(
          sorted({
            ...withoutDescriptors(bare),
            stdin: bare.stdin.replace('"type":"recorder-bare"', '"type":"recorder"'),
            argv: [`${plugins()}/recorder`],
            env: bare.env.map((entry) => (entry.startsWith("CNI_PATH=") ? `CNI_PATH=${plugins()}` : entry)),
          }),
        );
      }
    });

    it("make pods that others and the node can reach, and the log has loopback and delegates, too", async () => {
      await writeFile(`${links()}/cni-tap.json`, '{"logFormat":"json","delegates":true}');
      await node().writeConflist(file, wrap.listOf([wrap.bridge, portmap, { type: "tuning" }]));
      const pods = await Promise.all([
        node().runPod({ name: "server-0", portMappings }),
        node().runPod({ name: "client-0" }),
      ]);
      const [server, client] = pods;
      const ip = (await node().podStatus(server.id)).network?.ip ?? "";
      await wrap.serve(node(), server);
      expect(await wrap.askFrom(node(), client, ip)).toBe("server-0");
      expect(await wrap.askFromNode(node(), "10.244.1.1", 8080)).toBe("server-0");
      await Promise.all(pods.map((pod) => wrap.endPod(node(), pod)));

      const chain = [["bridge", "host-local"] as const, "portmap", "tuning"];
      const story = [
        ...wrap.calls("ADD", chain),
        ...wrap.calls("DEL", chain.toReversed()), // StopPodSandbox
        ...wrap.calls("DEL", chain.toReversed()), // RemovePodSandbox
      ];
      const log = await node().readLog();
      expect(auditOf(log, ...pods.map(({ id }) => id))).toEqual([]);
      for (const { id } of pods) {
        const lines = wrap.linesOf(log, id);
        const ofLoopback = lines.filter(({ plugin }) => plugin === "loopback").map(wrap.brief);
        expect(ofLoopback.slice(0, 2)).toEqual(wrap.calls("ADD", ["loopback"]));
        expect(ofLoopback.filter((line) => !/^(ADD|DEL) loopback(: exit 0)?$/.test(line))).toEqual([]);
        // The runtime attaches a pod to its loopback network and to the other one at the same time.
        expect(lines.filter(({ plugin }) => plugin !== "loopback").map(wrap.brief)).toEqual(story);
        const address = lines.find(({ plugin, exit }) => plugin === "host-local" && exit === 0);
        expect(address?.content).toMatchObject({
          ips: [{ address: expect.stringMatching(/^10\.244\.1\./) }],
        });
      }
    });
  });
});

/** libcni's order of variables is a random one. */
function sorted(record: Recorded): Recorded {
  return { ...record, env: record.env.toSorted() };
}

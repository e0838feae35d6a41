import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { podNetwork } from "../../scripts/containerd/conflist.ts";
import type { Pod } from "../../scripts/containerd/pods.ts";
import { cnitap } from "../cli/support/host.ts";
import { useScratch } from "../support/scratch.ts";
import { auditOf } from "./support/audit.ts";
import { brief, groupById, parseLog, wholeStory } from "./support/log.ts";
import { describeAsRoot, useNode } from "./support/node.ts";

const PODS = 160;
const AT_ONCE = 12;
/** So many live while containerd is restarted. */
const LASTING = 20;
/** On a machine that has other work besides. */
const TIMEOUT_MS = 180_000;

describeAsRoot(`${PODS} pods, ${AT_ONCE} at a time, and a restart of containerd`, () => {
  const node = useNode({ conflists: { "10-crowd.conflist": podNetwork({ tap: { logFormat: "json" } }) } });

  async function each<T>(things: Iterable<T>, work: (thing: T) => Promise<void>): Promise<void> {
    const waiting = [...things];
    const worker = async () => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(one);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  it(
    "have their own lines each, whole and in order, and nothing is wrong with them",
    async () => {
      const ids = new Map<string, string>();
      const run = async (name: string): Promise<Pod> => {
        const pod = await node().runPod({ name });
        ids.set(name, pod.id);
        return pod;
      };
      const end = async ({ id }: Pick<Pod, "id">) => {
        await node().stopPod(id);
        await node().removePod(id);
      };
      const names = Array.from({ length: PODS }, (_, index) => `crowd-${index}`);
      const lasting: Pod[] = [];
      await each(names.slice(0, LASTING), async (name) => void lasting.push(await run(name)));
      await each(names.slice(LASTING, PODS / 2), async (name) => end(await run(name)));
      const path = useScratch().path("cni.log");
      writeFileSync(path, await node().readLog());
      expect(await countsOf(path)).toEqual({ ADD: PODS / 2, DEL: PODS - 2 * LASTING, running: LASTING });
      await node().restart();
      await each(names.slice(PODS / 2), async (name) => end(await run(name)));
      await each(lasting, end);

      const log = await node().readLog();
      expect(auditOf(log)).toEqual([]);
      writeFileSync(path, log);
      expect(await countsOf(path)).toEqual({ ADD: PODS, DEL: 2 * PODS, running: 0 });
      const lines = parseLog(log);
      expect(lines).toHaveLength(PODS * wholeStory.length);
      const stories = groupById(lines, ({ containerId }) => containerId);
      for (const [name, id] of ids) {
        const own = stories.get(id) ?? [];
        expect(own.map(brief), name).toEqual(wholeStory);
        expect(new Set(own.map((line) => line.args.K8S_POD_NAME)), name).toEqual(new Set([name]));
      }
    },
    TIMEOUT_MS,
  );
});

/** What `cnitap stats` and `cnitap pods` count: runs of the chain that did not fail, and running pods. */
async function countsOf(path: string): Promise<Record<string, number>> {
  const rowsOf = async (command: string) => {
    const { out, err, code } = await cnitap(command, "--json", "--log-file", path);
    expect([code, err]).toEqual([0, ""]);
    return out.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
  };
  const stats = (await rowsOf("stats")).map(({ command, calls, failed, unfinished }) => [
    command,
    calls - failed - unfinished,
  ]);
  const running = (await rowsOf("pods")).filter(({ state }) => state === "running").length;
  return { ...Object.fromEntries(stats), running };
}

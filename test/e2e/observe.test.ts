import { describe, expect, it } from "vitest";
import { podNetwork } from "../../scripts/containerd/conflist.ts";
import type { ContainerdNode } from "../../scripts/containerd/node.ts";
import type { Pod } from "../../scripts/containerd/pods.ts";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { auditOf } from "./support/audit.ts";
import { Events, endPod, logWith, tellsAll, wholeStoryWithEvents } from "./support/events.ts";
import { describeAsRoot, suites, useNode } from "./support/node.ts";
import { startObserver } from "./support/observer.ts";

const file = "10-k8s-pod-network.conflist";
const json = { logFormat: "json" };

describe.each(suites)("an observer on containerd of %s", (suite) => {
  describeAsRoot("beside the taps", () => {
    const node = useNode({ suite, conflists: { [file]: podNetwork({ tap: json }) } });

    it("adds all events of 30 pods, 8 at a time, under their container IDs", async () => {
      const observer = await startObserver(node(), "json");
      const pods = await comeAndGo(node(), 30, 8);
      for (const pod of pods) await logWith(node(), "RemovePodSandbox", pod);
      const log = await node().readLog();
      expect(auditOf(log)).toEqual([]);
      const events = new Events(log);
      const ids = new Set(pods.map(({ id }) => id));
      expect(events.lines.filter(({ containerId }) => !ids.has(containerId ?? ""))).toEqual([]);
      for (const pod of pods) {
        const { name } = pod.config.metadata;
        expect(events.story(pod.id), name).toEqual(wholeStoryWithEvents);
        expectFacts(events, pod, tellsAll(node()));
      }

      const { code, out, ms } = await observer.stop();
      expect({ code, out }).toEqual({ code: 0, out: "" });
      expect(ms).toBeLessThan(1000);
      const said = observer.said();
      for (const pod of pods) expect(sentencesOf(said, pod)).toEqual(expectedSentences(events, pod));
      expect(said).not.toContain("level=warning");
    });

    it("logs a pod on the host's network, which no tap sees", async () => {
      const observer = await startObserver(node(), "json");
      const pod = await node().runPod({ name: "host-0", hostNetwork: true });
      await endPod(node(), pod);
      const events = await logWith(node(), "RemovePodSandbox", pod);
      expect(events.story(pod.id)).toEqual([
        "NRI RunPodSandbox",
        "NRI StopPodSandbox",
        "NRI RemovePodSandbox",
      ]);
      expect(events.ofPod(pod.id)[0]?.pod).toMatchObject({ netns: "", ips: [] });
      expect(observer.said()).toContain(
        `Started pod default/host-0: namespace=<host-network> ips=[] id=${pod.id}`,
      );
    });

    it("gets no event of a pod whose network failed, which the taps log", async () => {
      const range = { rangeStart: "10.244.1.10", rangeEnd: "10.244.1.10" };
      await node().writeConflist(file, podNetwork({ tap: json, range }));
      const observer = await startObserver(node(), "json");
      const first = await node().runPod({ name: "first-0" });
      const message = await node()
        .runPod({ name: "second-0" })
        .then(
          () => "",
          (error: Error) => error.message,
        );
      const id = /sandbox "([0-9a-f]{64})"/.exec(message)?.[1] ?? "";
      await endPod(node(), first);
      // Lines keep the order of events, so no line of the second pod can follow.
      const events = await logWith(node(), "RemovePodSandbox", first);
      expect(events.story(id)).toEqual(["ADD pre", "DEL post", "DEL pre"]);
      expect(observer.said()).not.toContain(id);
      expect(events.story(first.id)).toEqual(wholeStoryWithEvents);
      expect(auditOf(await node().readLog())).toEqual(["add-failed default/second-0"]);
    });

    it("shares a log in the classic format", async () => {
      const logFile = "/tmp/classic.log";
      await node().writeConflist(file, podNetwork({ tap: { logFile } }));
      await startObserver(node(), "classic", logFile);
      const pod = await node().runPod({ name: "web-0", namespace: "shop", uid: "uid-web-0" });
      await waitFor("the first event", async () => (await node().readLog(logFile)).includes("\nNRI_EVENT="));
      await endPod(node(), pod);
      const log = await waitFor("the last line", async () => {
        const text = await node().readLog(logFile);
        return text.includes("NRI_EVENT=RemovePodSandbox,") && text;
      });

      expect(auditOf(log)).toEqual([]);
      const lines = log.split("\n").filter((line) => line !== "");
      const netns = /"sandbox":"([^"]+)"/.exec(log)?.[1];
      const ips = tellsAll(node()) ? [/"address":"([^"/]+)/.exec(log)?.[1]] : [];
      const line = (event: string, path: string | null | undefined) =>
        `NRI_EVENT=${event},CNI_CONTAINERID=${pod.id},pod=${JSON.stringify({
          ...{ namespace: "shop", name: "web-0", uid: "uid-web-0" },
          ...{ netns: path, ips },
        })}`;
      const events = lines.filter((one) => one.startsWith("NRI_EVENT="));
      expect(events).toEqual([
        line("RunPodSandbox", netns),
        line("StopPodSandbox", tellsAll(node()) ? netns : null),
        line("RemovePodSandbox", null),
      ]);
      // This format has no time, so the order of the observer's and the taps' lines is unknown.
      const words = lines.map((one) => /^\w+=(\w+),CNI_CONTAINERID=([0-9a-f]+),/.exec(one)?.slice(1));
      expect(words.filter(([word = ""] = []) => /^[A-Z]+$/.test(word))).toEqual(
        ["ADD", "ADD", "DEL", "DEL"].map((word) => [word, pod.id]),
      );
      expect(words.at(-1)).toEqual(["RemovePodSandbox", pod.id]);
      expect(words[2]).toEqual(["RunPodSandbox", pod.id]);
    });
  });
});

/** Runs and removes `count` pods with names, namespaces and labels of their own, `atOnce` at a time. */
async function comeAndGo(node: ContainerdNode, count: number, atOnce: number): Promise<Pod[]> {
  const waiting = Array.from({ length: count }, (_, index) => index);
  const pods: Pod[] = [];
  const work = async () => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      const labels = { app: `app-${index}`, "example.com/note": "Grüße, <&>" };
      const [name, namespace] = [`crowd-${index}`, `shop-${index % 3}`];
      const pod = await node.runPod({ name, namespace, labels });
      pods.push(pod);
      await endPod(node, pod);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return pods;
}

/** Expects that a pod's events have what was requested over the CRI, and its network as the CNI plugins made it. */
function expectFacts(events: Events, pod: Pod, tellsAll: boolean): void {
  const { metadata, labels } = pod.config;
  const { namespace, name, uid } = metadata;
  const facts = events.ofPod(pod.id).map((line) => line.pod);
  const { netns, ips } = networkOf(events, pod);
  const namespaces = [netns, tellsAll ? netns : null, null]; // null without any namespaces
  expect(facts).toEqual(
    namespaces.map((netns) => ({
      ...{ namespace, name, uid, netns },
      ips: tellsAll ? ips : [],
      labels: expect.objectContaining(labels),
    })),
  );
}

/** A pod's network as the taps saw it. */
function networkOf(events: Events, pod: Pod) {
  const [add, added] = events.ofTaps(pod.id);
  return { netns: add?.netns, ips: added?.output?.ips.map(({ address }) => address.split("/")[0]) ?? [] };
}

/** An observer's sentences about a pod. */
function sentencesOf(said: string, pod: Pod): string[] {
  const lines = said.split("\n").filter((line) => line.includes(pod.id));
  return lines.map((line) => /^time="[^"]+" level=info msg="(.+)"$/.exec(line)?.[1] ?? line);
}

function expectedSentences(events: Events, pod: Pod): string[] {
  const { namespace, name } = pod.config.metadata;
  const [{ pod: told } = { pod: undefined }] = events.ofPod(pod.id);
  const tail = `ips=[${told?.ips.join(" ")}] id=${pod.id}`;
  return [
    `Started pod ${namespace}/${name}: namespace=${networkOf(events, pod).netns} ${tail}`,
    `Stopped pod ${namespace}/${name}: ${tail}`,
    `Removed pod ${namespace}/${name}: ${tail}`,
  ];
}

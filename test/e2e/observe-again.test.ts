import { describe, expect, it } from "vitest";
import { podNetwork } from "../../scripts/containerd/conflist.ts";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { auditOf } from "./support/audit.ts";
import { endPod, logWith, tellsAll, wholeStoryWithEvents } from "./support/events.ts";
import { describeAsRoot, suites, useNode } from "./support/node.ts";
import { startObserver } from "./support/observer.ts";

const conflists = { "10-k8s-pod-network.conflist": podNetwork({ tap: { logFormat: "json" } }) };

describe.each(suites)("an observer on containerd of %s", (suite) => {
  describeAsRoot("after a restart of it or of containerd", () => {
    const node = useNode({ suite, conflists });

    it("logs the running pods and their end when it is started again after SIGKILL", async () => {
      const first = await startObserver(node(), "json");
      const pod = await node().runPod({ name: "web-0", labels: { app: "web" } });
      await logWith(node(), "RunPodSandbox", pod);
      expect(await first.stop("SIGKILL")).toMatchObject({ signal: "SIGKILL" });
      const unseen = await node().runPod({ name: "unseen-0" });
      await endPod(node(), unseen);

      const second = await startObserver(node(), "json");
      await logWith(node(), "Synchronize", pod);
      await endPod(node(), pod);
      const events = await logWith(node(), "RemovePodSandbox", pod);
      const [added, run, ...rest] = wholeStoryWithEvents.slice(1);
      expect(events.story(pod.id)).toEqual(["ADD pre", added, run, "NRI Synchronize", ...rest]);
      expect(events.story(unseen.id)).toEqual(
        wholeStoryWithEvents.filter((word) => !word.startsWith("NRI ")),
      );
      const [started, found] = events.ofPod(pod.id);
      expect(found?.pod).toEqual(started?.pod);
      expect(second.said()).toContain("Synchronized state with the runtime (1 pods, 0 containers)...");
      expect(second.said()).toContain(
        `pod default/web-0: namespace=${found?.pod?.netns} ips=[${found?.pod?.ips.join(" ")}] id=${pod.id}`,
      );
    });

    it("connects again after a restart of containerd, and reports the pods that ended in between as vanished", async () => {
      const observer = await startObserver(node(), "json");
      const synchronized = () => observer.said().split("Synchronized state with the runtime (").length - 1;
      const restart = async () => {
        const before = synchronized();
        await node().restart();
        await waitFor("the observer again", () => synchronized() > before);
      };
      const old = await node().runPod({ name: "old-0" });
      const host = await node().runPod({ name: "host-0", hostNetwork: true });
      await restart();
      await logWith(node(), "Synchronize", old);
      expect(observer.said()).toContain('level=warning msg="Connection to the runtime lost: ');
      const fresh = await node().runPod({ name: "new-0" });
      await endPod(node(), fresh);
      expect((await logWith(node(), "RemovePodSandbox", fresh)).story(fresh.id)).toEqual(
        wholeStoryWithEvents,
      );

      // containerd sends no event for the end of pods that are older than its own start.
      await endPod(node(), old);
      await restart();
      const events = await logWith(node(), "Vanished", old);
      const taps = events.story(old.id).filter((word) => !word.startsWith("NRI "));
      expect(taps).toEqual(wholeStoryWithEvents.filter((word) => !word.startsWith("NRI ")));
      const own = events.ofPod(old.id);
      expect(own.map(({ nri }) => nri)).toEqual(["RunPodSandbox", "Synchronize", "Vanished"]);
      expect(own.map(({ pod }) => pod)).toEqual([own[0]?.pod, own[0]?.pod, own[0]?.pod]);
      expect(own[0]?.pod?.ips).toHaveLength(tellsAll(node()) ? 1 : 0);
      expect(events.story(host.id)).toEqual(["NRI RunPodSandbox", "NRI Synchronize", "NRI Synchronize"]);
      expect(observer.said()).toContain(
        `Vanished pod default/old-0: ips=[${own[0]?.pod?.ips.join(" ")}] id=${old.id}`,
      );
      expect(events.ofPod(fresh.id)).toHaveLength(3);
      await endPod(node(), host);
      expect(auditOf(await node().readLog())).toEqual([]);
    });
  });
});

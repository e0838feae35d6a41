import { statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import type { RuntimeConnection } from "../../../scripts/nri/runtime-connection.ts";
import { Plugin } from "../../../src/nri/gen/api_pb.js";
import { useScratch } from "../../support/scratch.ts";
import { observeRuntime } from "./support/observing.ts";
import { classicPodLineOf, podNumber, sentenceOf, tell } from "./support/pods.ts";

const MB = 1 << 20;
const MICROSECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

describe("pod events", () => {
  it("are reported in network-logger's sentences and logged in the classic format", async () => {
    const scratch = useScratch();
    const { observing, connection } = await observeRuntime({ args: ["--log-file", scratch.logFile] });
    expect(await connection.registration).toMatchObject({ pluginName: "network-logger", pluginIdx: "10" });
    expect(await connection.start({ pods: [podNumber(1), podNumber(2)], containers: [{ id: "c" }] })).toBe(7);
    await tell(connection, "run", podNumber(3));
    await tell(connection, "stop", podNumber(1));
    await tell(connection, "remove", podNumber(1));
    const linux = { namespaces: [{ type: "pid" }] };
    await tell(connection, "run", { id: "h", namespace: "kube-system", name: "proxy", linux });
    await tell(connection, "run", { id: "x", namespace: "n", name: "bare" });
    await waitFor("the last line", () => scratch.linesSoFar().length === 7);
    expect(await observing.end()).toEqual({ code: 0, signal: null });
    expect(observing.messages).toEqual([
      "Created plugin 10-network-logger (cnitap, handles RunPodSandbox,StopPodSandbox,RemovePodSandbox)",
      "Registering plugin 10-network-logger using NRI version v0.12.2...",
      "Configuring plugin 10-network-logger for runtime containerd/v2.3.4 (NRI version v0.12.0)...",
      "Started plugin 10-network-logger...",
      "Synchronized state with the runtime (2 pods, 1 containers)...",
      sentenceOf("", 1),
      sentenceOf("", 2),
      sentenceOf("Started", 3),
      sentenceOf("Stopped", 1),
      sentenceOf("Removed", 1),
      "Started pod kube-system/proxy: namespace=<host-network> ips=[] id=h",
      "Started pod n/bare: namespace=<host-network> ips=[] id=x",
    ]);
    expect(scratch.lines()).toEqual([
      classicPodLineOf("Synchronize", 1),
      classicPodLineOf("Synchronize", 2),
      classicPodLineOf("RunPodSandbox", 3),
      classicPodLineOf("StopPodSandbox", 1),
      classicPodLineOf("RemovePodSandbox", 1),
      'NRI_EVENT=RunPodSandbox,CNI_CONTAINERID=h,pod={"namespace":"kube-system","name":"proxy","uid":"","netns":"","ips":[]}',
      'NRI_EVENT=RunPodSandbox,CNI_CONTAINERID=x,pod={"namespace":"n","name":"bare","uid":"","netns":null,"ips":[]}',
    ]);
    expect(statSync(scratch.logFile).mode & 0o777).toBe(0o600);
  });

  it("are logged in the json format with all their fields", async () => {
    const scratch = useScratch();
    const args = ["-log-file", scratch.logFile, "-log-format=json", "-set", "label=node-1"];
    const { observing, connection } = await observeRuntime({ args });
    const before = Date.now();
    await connection.start();
    await tell(connection, "run", podNumber(1, { labels: { app: "wéb", apiToken: "x" } }));
    await tell(connection, "stop", podNumber(2));
    await waitFor("the lines", () => scratch.linesSoFar().length === 2);
    const after = Date.now();
    const [run, stop] = scratch.lines().map((line): Record<string, unknown> => JSON.parse(line));
    const pod = {
      ...{
        namespace: "default",
        name: "web-1",
        uid: "uid-1",
        netns: "/var/run/netns/cni-1",
        ips: ["10.0.0.1"],
      },
      labels: { app: "wéb", apiToken: "[redacted 1 bytes]" },
    };
    const time = expect.stringMatching(MICROSECONDS);
    expect(run).toEqual({ v: 1, time, nri: "RunPodSandbox", containerId: "id-1", label: "node-1", pod });
    expect(Object.keys(run ?? {})).toEqual(["v", "time", "nri", "containerId", "label", "pod"]);
    expect(stop).toMatchObject({ nri: "StopPodSandbox", containerId: "id-2", pod: { labels: {} } });
    for (const line of [run, stop]) {
      expect(Date.parse(String(line?.time))).toBeGreaterThanOrEqual(before);
      expect(Date.parse(String(line?.time))).toBeLessThanOrEqual(after);
    }
    expect((await observing.end("SIGINT")).code).toBe(0);
  });

  it("are shown and logged on one line without control sequences for a terminal", async () => {
    const scratch = useScratch();
    const { observing, connection } = await observeRuntime({ args: ["--log-file", scratch.logFile] });
    await connection.start();
    const name = "\x1b]0;owned\x07\x1b[2J\r\nlevel=info\u202e\u009b31m";
    await tell(connection, "run", podNumber(1, { name, id: "a,b\nc" }));
    await waitFor("the line", () => scratch.linesSoFar().length === 1);
    const words = String.raw`Started pod default/\x1b]0;owned\a\x1b[2J\r\nlevel=info\u202e\u009b31m: `;
    await waitFor("the sentence", () => observing.err.includes(words));
    expect(scratch.lines()[0]).toContain(
      String.raw`CNI_CONTAINERID=a\x2Cb\x0Ac,pod={"namespace":"default","name":"\u001b]0;`,
    );
    expect(observing.err).not.toContain("\x1b");
  });

  it("may have a megabyte of labels and annotations", async () => {
    const scratch = useScratch();
    const args = ["--log-file", scratch.logFile, "--log-format", "json"];
    const { connection } = await observeRuntime({ args });
    await connection.start();
    const labels = Object.fromEntries(Array.from({ length: MB / 64 }, (_, i) => [`l${i}`, "v".repeat(64)]));
    await tell(connection, "run", podNumber(1, { labels, annotations: { a: "x".repeat(MB) } }));
    await tell(connection, "run", podNumber(2));
    await waitFor("the lines", () => scratch.linesSoFar().length === 2);
    expect(JSON.parse(scratch.lines()[0] ?? "").pod.labels).toEqual(labels);
    expect(scratch.log().includes("xxx")).toBe(false);
  });
});

/** Synchronizes 20,000 pods and containers in parts, as a runtime does if its messages would be too large. */
async function synchronizeMany(connection: RuntimeConnection, count: number): Promise<void> {
  await connection.registration;
  await connection.ask(Plugin.method.configure, { runtimeName: "containerd", runtimeVersion: "v2.3.4" });
  const step = 1_000;
  for (let from = 0; from < count; from += step) {
    const numbers = Array.from({ length: step }, (_, i) => from + i);
    await connection.ask(Plugin.method.synchronize, { pods: numbers.map((i) => podNumber(i)), more: true });
    const containers = numbers.map((i) => ({ id: `c-${i}`, podSandboxId: `id-${i}` }));
    await connection.ask(Plugin.method.synchronize, { containers, more: from + step < count });
  }
}

describe("a Synchronize", () => {
  it("of 20,000 pods and containers loses no line, nor do the events right after it", async () => {
    const scratch = useScratch();
    const count = 20_000;
    const { observing, connection } = await observeRuntime({ args: ["--log-file", scratch.logFile] });
    await synchronizeMany(connection, count);
    for (let i = 0; i < 50; i++) await tell(connection, "stop", podNumber(i));
    await waitFor("all lines", () => scratch.linesSoFar().length === count + 50, 30_000);
    await observing.said("Stopped pod default/web-49:");
    const numbers = Array.from({ length: count }, (_, i) => i);
    const wanted = [
      ...numbers.map((i) => classicPodLineOf("Synchronize", i)),
      ...numbers.slice(0, 50).map((i) => classicPodLineOf("StopPodSandbox", i)),
    ];
    expect(scratch.lines().join("\n") === wanted.join("\n")).toBe(true);
    const said = observing.messages.slice(4);
    const sentences = [
      "Synchronized state with the runtime (20000 pods, 20000 containers)...",
      ...numbers.map((i) => sentenceOf("", i)),
      ...numbers.slice(0, 50).map((i) => sentenceOf("Stopped", i)),
    ];
    expect(said.join("\n") === sentences.join("\n")).toBe(true);
  });

  it("after a lost connection reports the pods that have vanished", async () => {
    const scratch = useScratch();
    const { observing, runtime, connection } = await observeRuntime({
      args: ["--log-file", scratch.logFile],
    });
    await connection.start({ pods: [podNumber(1), podNumber(2)] });
    await tell(connection, "run", podNumber(3));
    await tell(connection, "remove", podNumber(2));
    connection.socket.destroy();
    const again = await runtime.next();
    await again.start({ pods: [podNumber(1), podNumber(4)] });
    await waitFor("the last line", () => scratch.linesSoFar().length === 7);
    expect(scratch.lines().slice(4)).toEqual([
      classicPodLineOf("Synchronize", 1),
      classicPodLineOf("Synchronize", 4),
      classicPodLineOf("Vanished", 3),
    ]);
    await observing.said(/^Connection to the runtime lost: .*; trying again in \d+ ms$/);
    await observing.said("Vanished pod default/web-3: ips=[10.0.0.3] id=id-3");
    expect(await observing.end("SIGHUP")).toEqual({ code: 0, signal: null });
  });
});

import { mkdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { Plugin } from "../../../src/nri/gen/api_pb.js";
import { FakeRuntime } from "../../nri/support/fake-runtime.ts";
import { listenOnScratch } from "../../support/grpc.ts";
import { useScratch } from "../../support/scratch.ts";
import { type Observing, observe, observeRuntime } from "./support/observing.ts";
import { classicPodLineOf, podNumber, runPods, tell } from "./support/pods.ts";

/** Much longer than the second that the end may take, as a machine may be slow. */
const SOON_MS = 10_000;
const FINE = { code: 0, signal: null };

/** Expects that SIGTERM ends the observer soon. */
async function expectEnd(observing: Observing): Promise<void> {
  const end = observing.end();
  expect(await Promise.race([end, delay(SOON_MS, "still there", { ref: false })])).toEqual(FINE);
}

describe("an observer", () => {
  it("reports a missing runtime once and each change of the reason, and connects when the runtime is there", async () => {
    const scratch = useScratch();
    const socket = scratch.path("nri.sock");
    const observing = observe({ args: ["-socket", socket, "-log-file", scratch.logFile] });
    const complaints = () => observing.messages.filter((line) => line.startsWith("Cannot connect"));
    const complaint = (count: number) =>
      waitFor(`complaint ${count} in: ${observing.err}`, () => complaints()[count - 1]);
    expect(await complaint(1)).toMatch(
      /: it is not there; trying again in \d+ ms\. Is a runtime running here\?/,
    );
    writeFileSync(socket, "");
    expect(await complaint(2)).toMatch(
      /: it is not a socket; trying again in \d+ ms\. Specify the runtime's/,
    );
    rmSync(socket);
    expect(await complaint(3)).toMatch(/: it is not there; /);
    const runtime = await FakeRuntime.listen(socket);
    const connection = await runtime.next();
    await connection.start({ pods: [podNumber(1)] });
    await observing.said("pod default/web-1:");
    await runtime.close(); // removes its socket, too
    await observing.said(/^Connection to the runtime lost: .*; trying again in \d+ ms$/);
    expect(await complaint(4)).toMatch(/: it is not there; /);
    const again = await FakeRuntime.listen(socket);
    await (await again.next()).start({ pods: [podNumber(1)] });
    await waitFor("the lines", () => scratch.linesSoFar().length === 2);
    await expectEnd(observing);
    expect(complaints()).toHaveLength(4);
  });

  it("ends with --once when the runtime disconnects", async () => {
    const { observing, connection } = await observeRuntime({ args: ["--once"] });
    await connection.start();
    connection.socket.end();
    expect(await observing.ended).toEqual({ code: 1, signal: null });
    expect(observing.messages.at(-1)).toBe("Connection to the runtime lost, exiting...");
  });
});

describe("SIGTERM ends an observer", () => {
  it("that waits for the runtime", async () => {
    const observing = observe({ args: ["-socket", "/nowhere/nri.sock"] });
    await observing.said("Cannot connect");
    await expectEnd(observing);
  });

  it("that asks a runtime for its version and gets no answer", async () => {
    const asked: Socket[] = [];
    const silent = createServer((peer) => void asked.push(peer.on("error", () => {})));
    const endpoint = await listenOnScratch(silent);
    onTestFinished(() => asked.forEach((peer) => void peer.destroy()));
    const env = { CONTAINER_RUNTIME_ENDPOINT: `unix://${endpoint}` };
    const observing = observe({ args: ["-socket", "/nowhere/nri.sock"], env });
    await waitFor("the question", () => asked.length > 0);
    await expectEnd(observing);
    expect(observing.messages.filter((line) => line.startsWith("Cannot connect"))).toHaveLength(1);
  });

  it("whose registration is not answered", async () => {
    const runtime = await FakeRuntime.listen();
    runtime.answersRegistration = false;
    const observing = observe({ args: ["-socket", runtime.socket] });
    await (await runtime.next()).registration;
    await expectEnd(observing);
  });

  it("in the middle of a Synchronize", async () => {
    const { observing, connection } = await observeRuntime();
    await connection.registration;
    await connection.ask(Plugin.method.configure, { runtimeName: "containerd" });
    await connection.ask(Plugin.method.synchronize, { pods: [podNumber(1)], more: true });
    await expectEnd(observing);
  });

  it("right after an event, which is logged", async () => {
    const scratch = useScratch();
    const { observing, connection } = await observeRuntime({ args: ["-log-file", scratch.logFile] });
    await connection.start();
    await tell(connection, "run", podNumber(1));
    await expectEnd(observing);
    expect(scratch.lines()).toEqual([classicPodLineOf("RunPodSandbox", 1)]);
    expect(observing.messages.at(-1)).toMatch(/^Started pod default\/web-1:/);
  });

  it("with 9,000 waiting lines, which are written", async () => {
    const scratch = useScratch();
    mkdirSync(scratch.logFile); // the log cannot be opened
    const { observing, connection } = await observeRuntime({ args: ["-log-file", scratch.logFile] });
    await connection.start();
    await runPods(connection, 0, 9_000);
    await observing.said(
      `Cannot open ${scratch.logFile}: it is a directory; up to 10000 lines are kept and retried`,
    );
    rmdirSync(scratch.logFile);
    await expectEnd(observing);
    const wanted = Array.from({ length: 9_000 }, (_, i) => classicPodLineOf("RunPodSandbox", i));
    expect(scratch.lines().join("\n") === wanted.join("\n")).toBe(true);
  });

  it("with lines that cannot be written, and reports how many, including those dropped before", async () => {
    const scratch = useScratch();
    mkdirSync(scratch.logFile);
    const { observing, connection } = await observeRuntime({ args: ["-log-file", scratch.logFile] });
    await connection.start();
    await runPods(connection, 0, 10_500);
    await expectEnd(observing);
    expect(observing.messages.at(-1)).toBe("10500 pod lines were not written");
  });
});

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

/** Far beyond the second that the law gives it: a machine may be slow. */
const SOON_MS = 10_000;
const FINE = { code: 0, signal: null };

/** SIGTERM ends it, and soon. */
async function expectEnd(observing: Observing): Promise<void> {
  const end = observing.end();
  expect(await Promise.race([end, delay(SOON_MS, "still there", { ref: false })])).toEqual(FINE);
}

describe("a runtime that is not there", () => {
  it("is told of when that changes, not for each attempt, and is taken when it comes", async () => {
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
    await runtime.close(); // and its socket is gone
    await observing.said(/^Connection to the runtime lost: .*; trying again in \d+ ms$/);
    expect(await complaint(4)).toMatch(/: it is not there; /);
    const again = await FakeRuntime.listen(socket);
    await (await again.next()).start({ pods: [podNumber(1)] });
    await waitFor("the lines", () => scratch.linesSoFar().length === 2);
    await expectEnd(observing);
    expect(complaints()).toHaveLength(4);
  });

  it("is not waited for with --once when it goes", async () => {
    const { observing, connection } = await observeRuntime({ args: ["--once"] });
    await connection.start();
    connection.socket.end();
    expect(await observing.ended).toEqual({ code: 1, signal: null });
    expect(observing.messages.at(-1)).toBe("Connection to the runtime lost, exiting...");
  });
});

describe("SIGTERM ends it", () => {
  it("while it waits for the runtime", async () => {
    const observing = observe({ args: ["-socket", "/nowhere/nri.sock"] });
    await observing.said("Cannot connect");
    await expectEnd(observing);
  });

  it("while a runtime is asked what it is, and never answers", async () => {
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

  it("while its registration is not answered", async () => {
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

  it("right behind an event, which is told", async () => {
    const scratch = useScratch();
    const { observing, connection } = await observeRuntime({ args: ["-log-file", scratch.logFile] });
    await connection.start();
    await tell(connection, "run", podNumber(1));
    await expectEnd(observing);
    expect(scratch.lines()).toEqual([classicPodLineOf("RunPodSandbox", 1)]);
    expect(observing.messages.at(-1)).toMatch(/^Started pod default\/web-1:/);
  });

  it("with 9,000 lines that wait, which are written", async () => {
    const scratch = useScratch();
    mkdirSync(scratch.logFile); // no log can be there
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

  it("with lines that cannot be written, and says how many, those that are gone already with them", async () => {
    const scratch = useScratch();
    mkdirSync(scratch.logFile);
    const { observing, connection } = await observeRuntime({ args: ["-log-file", scratch.logFile] });
    await connection.start();
    await runPods(connection, 0, 10_500);
    await expectEnd(observing);
    expect(observing.messages.at(-1)).toBe("10500 pod lines were not written");
  });
});

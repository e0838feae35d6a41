import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { encode } from "../../../src/nri/encode.ts";
import { Event, Plugin, UpdateContainersResponseSchema } from "../../../src/nri/gen/api_pb.js";
import { connect, timerDelayMs } from "../../../src/nri/nodejs/connection.ts";
import { createPlugin, runPlugin } from "../../../src/nri/nodejs/run-plugin.ts";
import { NriError } from "../../../src/nri/nri-error.ts";
import { updateOf } from "../../../src/nri/resources.ts";
import { rejection } from "../support/calls.ts";
import { FakeRuntime } from "../support/fake-runtime.ts";
import { launch } from "../support/launch.ts";
import { gate } from "../support/memory-plugin.ts";
import { start } from "../support/running.ts";

const pod = { id: "pod-1", name: "web" };
const container = { id: "container-1", name: "main" };

describe("a plugin on a socket", () => {
  it("registers, is configured and synchronized, and receives events as StateChange and as calls of their own", async () => {
    const runtime = await FakeRuntime.listen();
    const heard: string[] = [];
    start(runtime.socket, {
      synchronize: async (state) => void heard.push(`${(await state.collect()).pods.length} pods`),
      runPodSandbox: ({ id }) => void heard.push(`run ${id}`),
      removeContainer: (_, { id }) => void heard.push(`remove ${id}`),
    });
    const connection = await runtime.next();
    expect(await connection.registration).toMatchObject({ pluginName: "test", pluginIdx: "10" });
    expect(await connection.start({ pods: [pod] })).toBe(0x401);
    await connection.ask(Plugin.method.runPodSandbox, { pod });
    await connection.ask(Plugin.method.stateChange, { event: Event.RUN_POD_SANDBOX, pod });
    await connection.ask(Plugin.method.removeContainer, { pod, container });
    await connection.ask(Plugin.method.stateChange, { event: Event.REMOVE_CONTAINER, pod, container });
    expect(heard).toEqual(["1 pods", "run pod-1", "run pod-1", "remove container-1", "remove container-1"]);
  });

  it("answers the calls of nri 0.12", async () => {
    const runtime = await FakeRuntime.listen();
    const heard: string[] = [];
    const hear = (name: string) => () => void heard.push(name);
    start(runtime.socket, {
      updatePodSandbox: (_, overhead, resources) =>
        void heard.push(`${overhead.cpu?.cpus} ${resources.cpu?.cpus}`),
      postUpdatePodSandbox: hear("postUpdatePodSandbox"),
      validateContainerAdjustment: ({ adjust }) =>
        adjust?.env.length ? { reject: "no variables" } : undefined,
      createContainer: () => ({ adjust: { args: ["x"] }, update: [updateOf("other", {})] }),
      updateContainer: (_, { id }, { cpu }) => [updateOf(id, { cpus: `${cpu?.cpus}!` })],
      stopContainer: () => [updateOf("other", {})],
      shutdown: hear("shutdown"),
    });
    const connection = await runtime.next();
    expect(await connection.start()).toBe((1 << 3) | (1 << 7) | (1 << 9) | (7 << 11));
    const { method } = Plugin;
    const cpus = (text: string) => ({ cpu: { cpus: text } });
    await connection.ask(method.updatePodSandbox, {
      ...{ pod, overheadLinuxResources: cpus("0"), linuxResources: cpus("1") },
    });
    await connection.ask(method.postUpdatePodSandbox, { pod });
    const env = [{ key: "A", value: "1" }];
    expect(await connection.ask(method.validateContainerAdjustment, { adjust: { env } })).toMatchObject({
      ...{ reject: true, reason: "no variables" },
    });
    expect((await connection.ask(method.validateContainerAdjustment, {})).reject).toBe(false);
    expect(await connection.ask(method.createContainer, { pod, container })).toMatchObject({
      ...{ adjust: { args: ["x"] }, update: [{ containerId: "other" }] },
    });
    const updating = { pod, container, linuxResources: cpus("2") };
    expect(await connection.ask(method.updateContainer, updating)).toMatchObject({
      update: [{ containerId: "container-1", linux: { resources: { cpu: { cpus: "2!" } } } }],
    });
    expect((await connection.ask(method.stopContainer, { pod, container })).update).toHaveLength(1);
    await connection.ask(method.shutdown, {});
    expect(heard).toEqual(["0 1", "postUpdatePodSandbox", "shutdown"]);
  });

  it("updates containers, from outside and from a handler", async () => {
    const runtime = await FakeRuntime.listen();
    const { plugin } = start(runtime.socket, {
      async postStartContainer(_, { id }, context) {
        const failed = await context.updateContainers([updateOf(id, {})]);
        expect(failed.map((one) => one.containerId)).toEqual(["container-1"]);
      },
    });
    await expect(plugin.updateContainers([])).rejects.toMatchObject({ code: "disconnected" });
    const connection = await runtime.next();
    const failed = [{ containerId: "container-1" }];
    connection.onCall = () => encode(UpdateContainersResponseSchema, { failed });
    await connection.start();
    await connection.ask(Plugin.method.postStartContainer, { pod, container });
    expect(await plugin.updateContainers([])).toMatchObject(failed);
  });

  it("receives and sends messages of 4 MiB", async () => {
    const runtime = await FakeRuntime.listen();
    const text = "x".repeat(4_190_000);
    start(runtime.socket, { createContainer: (_, { args }) => ({ adjust: { args } }) });
    const connection = await runtime.next();
    await connection.start();
    const { adjust } = await connection.ask(Plugin.method.createContainer, {
      pod,
      container: { args: [text] },
    });
    expect(adjust?.args[0] === text).toBe(true);
  });

  it("answers many calls at once, and stops reading while its answers are not read", async () => {
    const runtime = await FakeRuntime.listen();
    const args = ["x".repeat(1 << 20)];
    let created = 0;
    start(runtime.socket, {
      createContainer() {
        created++;
        return { adjust: { args } };
      },
    });
    const connection = await runtime.next();
    await connection.start();
    connection.socket.pause();
    const answers = Array.from({ length: 100 }, () =>
      connection.ask(Plugin.method.createContainer, { container: { args: ["y".repeat(100_000)] } }),
    );
    await waitFor("the first call", () => created > 0);
    const settled = await stable(() => created);
    expect(settled).toBeLessThan(50);
    connection.socket.resume();
    expect(await Promise.all(answers)).toHaveLength(100);
  });
});

/** Waits until the number does not change for a while, and returns it. */
async function stable(read: () => number): Promise<number> {
  let [last, same] = [read(), 0];
  await waitFor("a number that does not change", () => {
    same = read() === last ? same + 1 : 0;
    last = read();
    return same > 5;
  });
  return last;
}

it("the delay of a timer is at least 1 ms and at most what a timer can wait", () => {
  expect(timerDelayMs(1e15, 0)).toBe(2 ** 31 - 1);
  expect(timerDelayMs(10, 8.5)).toBe(2);
  expect(timerDelayMs(10, 20)).toBe(1);
});

describe("a plugin", () => {
  it("ends without an error if the signal is aborted, also before it starts", async () => {
    const runtime = await FakeRuntime.listen();
    const { ended, stop } = start(runtime.socket);
    const connection = await runtime.next();
    await connection.start();
    stop.abort();
    expect(await ended).toBeUndefined();
    await connection.closed;
    const before = start(runtime.socket, {}, { signal: AbortSignal.abort() });
    expect(await before.ended).toBeUndefined();
  });

  const moments = [
    "connected",
    "registered",
    "configured",
    "synchronizing",
    "synchronized",
    "in a call",
  ] as const;
  it.each(moments)(
    "without reconnect ends with an error if the runtime disconnects when it is %s",
    async (moment) => {
      const runtime = await FakeRuntime.listen();
      runtime.answersRegistration = moment !== "connected";
      const { opened, open } = gate();
      onTestFinished(open);
      const { ended } = start(runtime.socket, { runPodSandbox: () => opened }, { reconnect: false });
      const connection = await runtime.next();
      if (moment !== "connected") await connection.registration;
      if (moment === "configured") await connection.ask(Plugin.method.configure, {});
      if (moment === "synchronizing") await connection.ask(Plugin.method.synchronize, { more: true });
      if (moment === "synchronized" || moment === "in a call") await connection.start();
      if (moment === "in a call") connection.ask(Plugin.method.runPodSandbox, { pod }).catch(() => {});
      connection.socket.end();
      const reason = moment === "connected" ? "no-nri" : undefined;
      expect(await ended).toMatchObject({ code: "disconnected", reason });
      await connection.closed;
    },
  );

  it.each([
    ["/nowhere/nri.sock", "it is not there", "absent"],
    ["/etc", "it is a directory", "not-a-socket"],
    ["/etc/passwd", "it is not a socket", "not-a-socket"],
    ["/etc/passwd/nri.sock", "connect ENOTDIR /etc/passwd/nri.sock", undefined],
    [`/${"x".repeat(107)}`, "a socket's path has at most 107 bytes", undefined],
  ])("ends with an error if its socket is %s", async (socket, seen, reason) => {
    const { ended } = start(socket, {}, { reconnect: false });
    expect(await ended).toMatchObject({
      ...{ code: "connect", reason },
      message: `Cannot connect to the runtime at ${socket}: ${seen}`,
    });
  });

  it("ends with an error if nobody listens on its socket", async () => {
    const directory = mkdtempSync(join(tmpdir(), "cni-tap-nri-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const socket = join(directory, "nri.sock");
    const listen = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ["-e", listen, socket]); // killed, so that its socket stays
    const { ended } = start(socket, {}, { reconnect: false });
    expect(await ended).toMatchObject({
      ...{ reason: "refused", message: expect.stringMatching(/: nobody listens there$/) },
    });
  });

  it("ends with an error if the other side does not speak NRI", async () => {
    const runtime = await FakeRuntime.listen();
    const socket = `${runtime.socket}.http`;
    const server = createServer((peer) => peer.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    onTestFinished(() => void server.close());
    const { ended } = start(socket, {}, { reconnect: false });
    expect(await ended).toMatchObject({ code: "protocol", reason: "no-nri" });
  });

  it("cannot connect to a descriptor that is not a socket", async () => {
    await expect(connect({ descriptor: 987_654 })).rejects.toMatchObject({ code: "connect" });
  });

  it("ends with an error and closes the connection if its registration is refused", async () => {
    const runtime = await FakeRuntime.listen();
    runtime.answersRegistration = false;
    const { ended } = start(runtime.socket, {}, { reconnect: false });
    const connection = await runtime.next();
    await connection.registration;
    connection.socket.write(rejection(2, "no"));
    expect(await ended).toMatchObject({ code: "registration", reason: "rejected", status: 2 });
    await connection.closed;
  });
});

describe("reconnecting", () => {
  it("connects again after each loss, and is synchronized each time", async () => {
    const runtime = await FakeRuntime.listen();
    let synchronized = 0;
    const { log } = start(runtime.socket, { synchronize: () => void synchronized++ });
    for (let i = 0; i < 3; i++) {
      const connection = await runtime.next();
      await connection.start();
      connection.socket.destroy();
    }
    expect(synchronized).toBe(3);
    await waitFor("the third loss", () => log.filter((line) => line.startsWith("warn")).length === 3);
    // Each session was synchronized, so every wait is as short as a first one.
    for (const line of log.filter((one) => one.startsWith("warn")))
      expect(line).toMatch(/^warn: Connection to the runtime lost: .*; trying again in ([5-9][0-9]|100) ms$/);
  });

  it("tries again after longer and longer waits until the runtime is there", async () => {
    const other = await FakeRuntime.listen();
    const socket = `${other.socket}.later`;
    const { log } = start(socket);
    await waitFor("two attempts", () => log.length >= 3);
    expect(log[0]).toMatch(/^info: Created plugin 10-test \(.+, handles \)$/);
    expect(log[1]).toMatch(/^warn: Cannot connect .*: it is not there; trying again in ([5-9][0-9]|100) ms$/);
    expect(log[2]).toMatch(
      /^debug: Cannot connect .*: it is not there; trying again in (1[0-9][0-9]|200) ms$/,
    );
    const runtime = await FakeRuntime.listen(socket);
    await (await runtime.next()).start();
  });

  it("ends if the signal is aborted while it waits", async () => {
    const { log, ended, stop } = start("/nowhere/nri.sock");
    await waitFor("an attempt", () => log.length > 0);
    stop.abort();
    expect(await ended).toBeUndefined();
  });
});

describe("options", () => {
  it("that are invalid are refused at once", async () => {
    await expect(runPlugin({ name: "a b", index: "10", handlers: {} })).rejects.toMatchObject({
      code: "configuration",
    });
    expect(() => createPlugin({ name: "a b", index: "10", handlers: {} })).toThrow(NriError);
  });

  it("come from the environment of a plugin that the runtime launched", async () => {
    const script = join(import.meta.dirname, "../support/launched.ts");
    const { child, connection } = launch(process.execPath, script, { name: "launched", index: "42" });
    const exit = new Promise((resolve) => child.on("exit", resolve));
    expect(await connection.registration).toMatchObject({ pluginName: "launched", pluginIdx: "42" });
    expect(await connection.start({}, { config: "hello" })).toBe(1);
    await connection.ask(Plugin.method.runPodSandbox, { pod });
    connection.socket.destroy();
    expect(await exit).toBe(7);
  });
});

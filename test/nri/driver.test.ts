import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { DriverOptions } from "../../src/nri/driver.ts";
import { encode } from "../../src/nri/encode.ts";
import { eventNames } from "../../src/nri/events.ts";
import {
  ConfigureRequestSchema,
  ConfigureResponseSchema,
  ContainerUpdateSchema,
  CreateContainerRequestSchema,
  Event,
  Plugin,
  RunPodSandboxRequestSchema,
  StateChangeEventSchema,
  UpdateContainersResponseSchema,
} from "../../src/nri/gen/api_pb.js";
import { ResponseSchema } from "../../src/nri/gen/ttrpc_pb.js";
import type { Handlers } from "../../src/nri/handlers.ts";
import { NriError } from "../../src/nri/nri-error.ts";
import { updateOf } from "../../src/nri/resources.ts";
import { encodeMessage, maxMessageLength } from "../../src/nri/wire/message.ts";
import { Connection, encodeFrames } from "../../src/nri/wire/mux.ts";
import { configureBytes, encodeCall, rawCall, registered, responseOf } from "./support/calls.ts";
import { gate, MemoryPlugin, settle } from "./support/memory-plugin.ts";

const none = new Uint8Array(0);
const lost = new NriError("disconnected", "lost");

function openPlugin(
  handlers: Handlers = {},
  failRequests: DriverOptions["failRequests"] = false,
): MemoryPlugin {
  const plugin = new MemoryPlugin(handlers, failRequests);
  plugin.open();
  plugin.driver.receive(registered);
  plugin.sent();
  return plugin;
}

/** The status of the one answer to a call, undefined for success. */
async function ask(plugin: MemoryPlugin, bytes: Uint8Array) {
  plugin.driver.receive(bytes);
  await settle();
  const sent = plugin.sent();
  expect(sent).toHaveLength(1);
  const { status, payload } = responseOf(sent[0]);
  return { status: status && [status.code, status.message], payload, streamId: sent[0]?.streamId };
}

describe("a plugin without handlers", () => {
  it.each(Plugin.methods.filter((one) => one.name !== "Configure").map((one) => one.name))(
    "answers success to %s",
    async (method) => {
      const answer = await ask(openPlugin(), encodeCall(1, method, none));
      expect(answer).toEqual({ status: undefined, payload: none, streamId: 1 });
    },
  );

  it.each([...Array(20).keys(), -1, 2_000_000_000])("answers success to StateChange %i", async (event) => {
    const payload = encode(StateChangeEventSchema, { event });
    expect((await ask(openPlugin(), encodeCall(1, "StateChange", payload))).status).toBeUndefined();
  });

  it("subscribes to one rare event, as a mask of 0 would mean all", async () => {
    const { payload } = await ask(openPlugin(), encodeCall(1, "Configure", configureBytes));
    expect(fromBinary(ConfigureResponseSchema, payload).events).toBe(4);
  });
});

describe("a plugin", () => {
  it.each([
    ["an unknown method", encodeCall(1, "Dance", none), 12, "method Dance"],
    ["an unknown service", encodeCall(1, "Run", none, { service: "x.Y" }), 12, "service x.Y"],
    [
      "an even stream ID",
      encodeCall(2, "Shutdown", none),
      3,
      "StreamID must be odd for client initiated streams",
    ],
    ["an invalid request", rawCall(1, Buffer.from("0f", "hex")), 3, /^unmarshal request error: /],
    ["an invalid payload", encodeCall(1, "RunPodSandbox", Buffer.from("0aff", "hex")), 13, /payload/],
    ["an invalid Synchronize", encodeCall(1, "Synchronize", Buffer.from("0aff", "hex")), 13, /payload/],
    ["an incomplete Synchronize", encodeCall(1, "Synchronize", Buffer.from("0a7f61", "hex")), 13, /payload/],
    ["a message that is too long", rawCall(1, new Uint8Array(maxMessageLength + 1)), 8, /exceed maximum/],
  ])("answers %s with Go's status", async (_, bytes, code, message) => {
    const { status } = await ask(openPlugin(), bytes);
    expect(status).toEqual([code, typeof message === "string" ? message : expect.stringMatching(message)]);
  });

  it("answers a reused stream ID with Go's status", async () => {
    const plugin = openPlugin();
    expect((await ask(plugin, encodeCall(7, "Shutdown", none))).status).toBeUndefined();
    const message = "StreamID cannot be re-used and must increment";
    expect((await ask(plugin, encodeCall(7, "Shutdown", none))).status).toEqual([3, message]);
    expect((await ask(plugin, encodeCall(99, "Shutdown", none))).status).toBeUndefined();
  });

  it.each([
    ["a message of an unknown type", encodeFrames(Connection.plugin, encodeMessage(1, 9, none))],
    ["a message on an unknown connection", encodeFrames(77, encodeMessage(1, 1, none))],
    ["an answer without a call", encodeFrames(Connection.runtime, encodeMessage(9, 2, none))],
  ])("ignores %s", async (_, bytes) => {
    const plugin = openPlugin();
    plugin.driver.receive(bytes);
    expect(plugin.sent()).toEqual([]);
    expect((await ask(plugin, encodeCall(3, "Shutdown", none))).status).toBeUndefined();
  });

  it("ignores unknown fields", async () => {
    const pods: unknown[] = [];
    const plugin = openPlugin({ runPodSandbox: (pod) => pods.push(pod.id) });
    const more = Buffer.from("ba3e0568656c6c6f", "hex"); // field 999
    const payload = Buffer.concat([encode(RunPodSandboxRequestSchema, { pod: { id: "a" } }), more]);
    expect((await ask(plugin, encodeCall(1, "RunPodSandbox", payload))).status).toBeUndefined();
    expect(pods).toEqual(["a"]);
  });
});

describe("the subscription", () => {
  const all: Handlers = Object.fromEntries(eventNames.map((name) => [name, () => undefined]));
  it.each([
    ["containerd", "v2.3.4", "v0.12.0", 0x3fff],
    ["containerd", "v2.2.0", "", 0x3fff],
    ["containerd", "2.1.9+ds1", "", 0x7ff],
    ["containerd", "1.7.24~ds1", "", 0x7ff],
    ["cri-o", "1.34.0", "", 0x3fff],
    ["cri-o", "1.33.2", "", 0x7ff],
    ["containerd", "v2.3.4", "0.0.0-unknown", 0x3fff],
    ["something", "9.9.9", "", 0x7ff],
    ["", "", "v0.9.1", 0x7ff],
    ["", "", "v1.0.0", 0x3fff],
    ["containerd", "v3.0.1", "", 0x3fff],
    ["containerd", "v1.99.0", "", 0x7ff],
  ])("to all events at %s %s with nri '%s' is %i", async (runtimeName, runtimeVersion, NRIVersion, mask) => {
    const plugin = openPlugin(all);
    const request = encode(ConfigureRequestSchema, { runtimeName, runtimeVersion, NRIVersion });
    const { payload } = await ask(plugin, encodeCall(1, "Configure", request));
    expect(fromBinary(ConfigureResponseSchema, payload).events).toBe(mask);
    expect(plugin.log.filter((line) => line.startsWith("warn"))).toHaveLength(mask === 0x7ff ? 1 : 0);
  });

  it("is what the handler configure returns, which gets the runtime's facts", async () => {
    const plugin = openPlugin({
      ...all,
      configure: async ({ name }) => (name ? ["stopContainer"] : undefined),
    });
    const { payload } = await ask(plugin, encodeCall(1, "Configure", configureBytes));
    expect(fromBinary(ConfigureResponseSchema, payload).events).toBe(0x200);
  });
});

describe("a handler that throws", () => {
  const handlers: Handlers = {
    runPodSandbox() {
      throw new Error("no\u001b[31m");
    },
    stopPodSandbox: () => Promise.reject(new Error("later")),
    synchronize: () => Promise.reject(new Error("not now")),
  };

  it("is logged, and its call answered with success", async () => {
    const plugin = openPlugin(handlers);
    for (const [i, method] of ["RunPodSandbox", "StopPodSandbox", "Synchronize"].entries())
      expect((await ask(plugin, encodeCall(2 * i + 1, method, none))).status).toBeUndefined();
    expect(plugin.log.filter((line) => line.startsWith("error"))).toEqual([
      "error: The handler runPodSandbox failed: no\\x1b[31m",
      "error: The handler stopPodSandbox failed: later",
      "error: The handler synchronize failed: not now",
    ]);
  });

  it("is answered with its error as status if the plugin asks for that", async () => {
    const plugin = openPlugin(handlers, true);
    const stateChange = encode(StateChangeEventSchema, { event: Event.STOP_POD_SANDBOX });
    expect((await ask(plugin, encodeCall(1, "RunPodSandbox", none))).status).toEqual([2, "no\u001b[31m"]);
    expect((await ask(plugin, encodeCall(3, "StateChange", stateChange))).status).toEqual([2, "later"]);
    expect((await ask(plugin, encodeCall(5, "Synchronize", none))).status).toEqual([2, "not now"]);
    expect(plugin.driver.synchronized).toBe(false);
  });

  it("is logged with the pod and the container that it was about", async () => {
    const failing = () => {
      throw new Error("no");
    };
    const plugin = openPlugin({ createContainer: failing, removePodSandbox: failing });
    const pod = { name: "web-0", namespace: "shop\n" };
    const create = encode(CreateContainerRequestSchema, { pod, container: { name: "main" } });
    await ask(plugin, encodeCall(1, "CreateContainer", create));
    const change = encode(StateChangeEventSchema, { event: Event.REMOVE_POD_SANDBOX, pod });
    await ask(plugin, encodeCall(3, "StateChange", change));
    expect(plugin.log.filter((line) => line.startsWith("error"))).toEqual([
      "error: The handler createContainer failed for shop\\n/web-0, container main: no",
      "error: The handler removePodSandbox failed for shop\\n/web-0: no",
    ]);
  });

  it("is answered with its error only for the handlers that the plugin names", async () => {
    const plugin = openPlugin(handlers, ["runPodSandbox"]);
    expect((await ask(plugin, encodeCall(1, "RunPodSandbox", none))).status).toEqual([2, "no\u001b[31m"]);
    expect((await ask(plugin, encodeCall(3, "Synchronize", none))).status).toBe(undefined);
    expect(plugin.driver.synchronized).toBe(true);
  });

  it("may throw undefined", async () => {
    const plugin = openPlugin({ synchronize: () => Promise.reject() }, true);
    expect((await ask(plugin, encodeCall(1, "Synchronize", none))).status).toEqual([2, "undefined"]);
    expect(plugin.driver.synchronized).toBe(false);
  });

  it("may close the session: calls that have come are still handled, and not answered", () => {
    const heard: string[] = [];
    const hear = (name: string) => heard.push(plugin.end ? `${name} after the end` : name);
    const plugin = openPlugin({
      runPodSandbox: () => {
        hear("run");
        plugin.driver.close(lost);
      },
      stopPodSandbox: () => hear("stop"),
    });
    const calls = [encodeCall(1, "RunPodSandbox", none), encodeCall(3, "StopPodSandbox", none)];
    plugin.driver.receive(Buffer.concat(calls));
    expect(heard).toEqual(["run", "stop"]);
    expect(plugin.end).toBe(lost);
    expect(plugin.sent()).toEqual([]);
  });
});

describe("timeouts", () => {
  it("a registration without an answer ends the session after 10 s", () => {
    const plugin = new MemoryPlugin({});
    plugin.open();
    expect(plugin.driver.wakeAtMs).toBe(10_000);
    plugin.nowMs = 9999;
    plugin.driver.tick();
    expect(plugin.end).toBeUndefined();
    plugin.nowMs = 10_000;
    plugin.driver.tick();
    expect(plugin.end).toMatchObject({
      code: "registration",
      message: "Cannot call RegisterPlugin: no answer in time",
    });
  });

  it("a runtime that is silent after the registration does not end the session", () => {
    const plugin = openPlugin();
    plugin.nowMs = 1e9;
    plugin.driver.tick();
    expect(plugin.end).toBeUndefined();
    expect(plugin.driver.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  it("a slow handler is logged once, and its late answer is sent", async () => {
    const { opened, open } = gate();
    const plugin = openPlugin({
      runPodSandbox: () => opened,
    });
    plugin.driver.receive(encodeCall(1, "RunPodSandbox", none, { timeoutNano: 1_500_000_000n }));
    expect(plugin.driver.wakeAtMs).toBe(1500);
    for (plugin.nowMs = 1500; plugin.nowMs < 5000; plugin.nowMs += 500) plugin.driver.tick();
    expect(plugin.log.filter((line) => line.startsWith("warn"))).toEqual([
      "warn: The handler runPodSandbox has not answered within 1500 ms: the runtime closes the connection of such a plugin",
    ]);
    open();
    await settle();
    expect(plugin.sent()).toHaveLength(1);
  });

  it.each([
    [1899, 0],
    [1901, 1],
  ])("a pending call is logged if the runtime disconnects after %i ms: %i times", (nowMs, times) => {
    const plugin = openPlugin({ runPodSandbox: () => gate().opened });
    plugin.driver.receive(encodeCall(1, "RunPodSandbox", none));
    plugin.nowMs = nowMs;
    plugin.driver.close(lost);
    expect(plugin.log.filter((line) => line.includes("has not answered"))).toHaveLength(times);
  });

  it("a slow handler that blocks the event loop is logged", () => {
    const plugin = openPlugin({
      runPodSandbox() {
        plugin.nowMs = 3000;
      },
    });
    plugin.driver.receive(encodeCall(1, "RunPodSandbox", none));
    expect(plugin.log.filter((line) => line.includes("has not answered within 2000 ms"))).toHaveLength(1);
  });

  it("an answer after the end of the session is dropped", async () => {
    const { opened, open } = gate();
    const plugin = openPlugin({
      runPodSandbox: () => opened,
    });
    plugin.driver.receive(encodeCall(1, "RunPodSandbox", none));
    plugin.driver.close(lost);
    open();
    await settle();
    expect(plugin.sent()).toEqual([]);
    expect(plugin.end).toBe(lost);
  });
});

describe("updateContainers", () => {
  const updates = [updateOf("a", { memoryLimit: 1 })];
  const reply = (message: Uint8Array) => encodeFrames(Connection.runtime, message);

  it("sends updates and returns those that failed", async () => {
    const plugin = openPlugin();
    const failed = plugin.driver.updateContainers(updates);
    expect(plugin.sent()).toMatchObject([{ connection: 2, streamId: 3, type: 1 }]);
    const payload = encode(UpdateContainersResponseSchema, { failed: updates });
    plugin.driver.receive(reply(encodeMessage(3, 2, encode(ResponseSchema, { payload }))));
    expect((await failed).map((one) => encode(ContainerUpdateSchema, one))).toEqual(
      updates.map((one) => encode(ContainerUpdateSchema, one)),
    );
  });

  it.each([
    ["a status", encode(ResponseSchema, { status: { code: 2, message: "no" } }), 2, "status"],
    ["a message of another type", none, 3, "protocol"],
    ["bytes that are not an answer", Buffer.from("0aff", "hex"), 2, "protocol"],
  ])("fails if its answer is %s", async (_, payload, type, code) => {
    const plugin = openPlugin();
    const failed = plugin.driver.updateContainers(updates);
    plugin.driver.receive(reply(encodeMessage(3, type, payload)));
    await expect(failed).rejects.toMatchObject({ code });
  });

  it("fails without an answer in time, at the end of the session, and after it", async () => {
    const plugin = openPlugin();
    const first = plugin.driver.updateContainers(updates);
    plugin.nowMs = 10_000;
    plugin.driver.tick();
    await expect(first).rejects.toMatchObject({ code: "timeout" });
    const second = plugin.driver.updateContainers(updates);
    plugin.driver.close(lost);
    await expect(second).rejects.toBe(lost);
    await expect(plugin.driver.updateContainers(updates)).rejects.toMatchObject({ code: "disconnected" });
  });

  it("refuses more than fits in a message", async () => {
    const plugin = openPlugin();
    const id = "x".repeat(maxMessageLength);
    await expect(plugin.driver.updateContainers([updateOf(id, {})])).rejects.toMatchObject({ status: 8 });
    expect(plugin.sent()).toEqual([]);
  });
});

describe("a runtime that does not wait", () => {
  it.each([
    ["calls", 4097, none, 1],
    ["bytes", 20, encode(RunPodSandboxRequestSchema, { pod: { name: "x".repeat(4_000_000) } }), 4],
  ])("may have a limited number of %s pending", (_, count, payload, refused) => {
    const plugin = openPlugin({ runPodSandbox: () => gate().opened });
    for (let i = 0; i < count; i++) plugin.driver.receive(encodeCall(2 * i + 1, "RunPodSandbox", payload));
    const answers = plugin.sent().map((sent) => responseOf(sent).status);
    expect(answers).toHaveLength(refused);
    for (const status of answers)
      expect(status).toMatchObject({ code: 8, message: "too many calls under way" });
  });
});

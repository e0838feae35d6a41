import { fromBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "../../src/nri/encode.ts";
import * as api from "../../src/nri/gen/api_pb.js";
import { RequestSchema } from "../../src/nri/gen/ttrpc_pb.js";
import { NriError } from "../../src/nri/nri-error.ts";
import { encodeMessage, MessageType, maxMessageLength } from "../../src/nri/wire/message.ts";
import { Connection, encodeFrames } from "../../src/nri/wire/mux.ts";
import { configureBytes, encodeCall, rawCall, registered, rejection } from "../nri/support/calls.ts";
import { cut, streams } from "../nri/support/streams.ts";
import { howOften } from "../support/soak.ts";
import { ask, MemoryObserver } from "./support/memory-observer.ts";
import { bytesField } from "./support/wire.ts";

const none = new Uint8Array(0);
const lost = new NriError("disconnected", "lost");
const run = (id: string) => encode(api.RunPodSandboxRequestSchema, { pod: { id } });

describe("the observer's registration", () => {
  it("has its name, its index and the version of the API", () => {
    const observer = new MemoryObserver();
    observer.driver.open();
    const [sent] = observer.sent();
    expect(sent).toMatchObject({ connection: Connection.runtime, streamId: 1, type: MessageType.request });
    const { service, method, payload } = fromBinary(RequestSchema, sent?.payload ?? none);
    expect([service, method]).toEqual(["nri.pkg.api.v1alpha1.Runtime", "RegisterPlugin"]);
    expect(fromBinary(api.RegisterPluginRequestSchema, payload)).toMatchObject({
      ...{ pluginName: "network-logger", pluginIdx: "10", NRIVersion: "v0.12.2" },
    });
    expect(observer.log).toEqual(["info: Registering plugin 10-network-logger using NRI version v0.12.2..."]);
  });

  it("that is refused ends the session", () => {
    const observer = new MemoryObserver();
    observer.driver.open();
    observer.driver.receive(rejection(2, "no\x1b"));
    expect(observer.end).toMatchObject({ code: "registration", reason: "rejected", status: 2 });
    expect(observer.driver.synchronized).toBe(false);
  });

  it("without an answer ends the session after 10 s", () => {
    const observer = new MemoryObserver();
    observer.driver.open();
    expect(observer.driver.wakeAtMs).toBe(10_000);
    observer.nowMs = 9_999;
    observer.driver.tick();
    expect(observer.end).toBeUndefined();
    observer.nowMs = 10_000;
    observer.driver.tick();
    expect(observer.end).toMatchObject({
      ...{ code: "registration", reason: "no-nri", message: "Cannot call RegisterPlugin: no answer in time" },
    });
  });

  it("is followed by silence for as long as the runtime likes", () => {
    const observer = MemoryObserver.open();
    observer.nowMs = 1e9;
    observer.driver.tick();
    expect(observer.end).toBeUndefined();
    expect(observer.driver.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("an observer", () => {
  it.each(api.Plugin.methods.filter((one) => one.name !== "Configure").map((one) => one.name))(
    "answers success to %s",
    (method) => {
      const answer = ask(MemoryObserver.open(), encodeCall(1, method, none));
      expect(answer).toEqual({ status: undefined, payload: none, streamId: 1 });
    },
  );

  it.each([...Array(20).keys(), -1, 2_000_000_000])("answers success to StateChange %i", (event) => {
    const payload = encode(api.StateChangeEventSchema, { event });
    expect(ask(MemoryObserver.open(), encodeCall(1, "StateChange", payload)).status).toBeUndefined();
  });

  it("subscribes to the three events of pods, whatever the runtime", () => {
    const observer = MemoryObserver.open();
    const { payload } = ask(observer, encodeCall(1, "Configure", configureBytes));
    expect(fromBinary(api.ConfigureResponseSchema, payload).events).toBe(7);
    expect(observer.log.slice(-2)).toEqual([
      "info: Configuring plugin 10-network-logger for runtime containerd/v2.3.4 (NRI version v0.12.0)...",
      "info: Started plugin 10-network-logger...",
    ]);
    expect(ask(observer, encodeCall(3, "Configure", none)).payload).toEqual(payload);
  });

  it("uses the configuration", () => {
    const observer = MemoryObserver.open();
    ask(observer, encodeCall(1, "Configure", encode(api.ConfigureRequestSchema, { config: "label: ü" })));
    expect(observer.configurations).toEqual(["label: ü"]);
  });

  it("shows no control characters of a runtime", () => {
    const observer = MemoryObserver.open();
    const request = encode(api.ConfigureRequestSchema, { runtimeName: "\x1b[31m", runtimeVersion: "1\n" });
    ask(observer, encodeCall(1, "Configure", request));
    expect(observer.log.join("")).toContain("for runtime \\x1b[31m/1\\n...");
  });

  it("is synchronized when the last part of a Synchronize is answered, each with what it has got", () => {
    const observer = MemoryObserver.open();
    const part = (more: boolean) => encode(api.SynchronizeRequestSchema, { pods: [{ id: "p" }], more });
    for (const [at, more] of [true, true, false].entries()) {
      expect(observer.driver.synchronized).toBe(false);
      const { payload } = ask(observer, encodeCall(2 * at + 1, "Synchronize", part(more)));
      expect(fromBinary(api.SynchronizeResponseSchema, payload).more).toBe(more);
    }
    expect(observer.driver.synchronized).toBe(true);
    expect(observer.reported()).toEqual(["Synchronize p", "Synchronize p", "Synchronize p"]);
  });

  it("reports events after their answers, by a call of their own or a StateChange", () => {
    const observer = MemoryObserver.open();
    const stop = encode(api.StateChangeEventSchema, { event: api.Event.STOP_POD_SANDBOX, pod: { id: "b" } });
    observer.driver.receive(
      Buffer.concat([encodeCall(1, "RunPodSandbox", run("a")), encodeCall(3, "StateChange", stop)]),
    );
    expect(observer.sent()).toHaveLength(2);
    expect(observer.reports).toEqual([]);
    expect(observer.reported()).toEqual(["RunPodSandbox a", "StopPodSandbox b"]);
  });

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
    [
      "a method that is not UTF-8",
      rawCall(1, bytesField(2, Buffer.from([0xff]))),
      3,
      /^unmarshal request error: /,
    ],
    [
      "a Configure that is not UTF-8",
      encodeCall(1, "Configure", bytesField(2, Buffer.from([0xff]))),
      13,
      /payload/,
    ],
    [
      "a pod that is not UTF-8",
      encodeCall(1, "RunPodSandbox", bytesField(1, bytesField(1, Buffer.from([0xff])))),
      13,
      /payload/,
    ],
    ["a message that is too long", rawCall(1, new Uint8Array(maxMessageLength + 1)), 8, /exceed maximum/],
  ])("answers %s with Go's status", (_, bytes, code, message) => {
    const observer = MemoryObserver.open();
    const { status } = ask(observer, bytes);
    expect(status).toEqual([code, typeof message === "string" ? message : expect.stringMatching(message)]);
    expect(ask(observer, encodeCall(9, "Shutdown", none)).status).toBeUndefined();
    expect(observer.reported()).toEqual([]);
  });

  it("answers a reused stream ID with Go's status", () => {
    const observer = MemoryObserver.open();
    expect(ask(observer, encodeCall(7, "Shutdown", none)).status).toBeUndefined();
    const message = "StreamID cannot be re-used and must increment";
    expect(ask(observer, encodeCall(7, "Shutdown", none)).status).toEqual([3, message]);
    expect(ask(observer, encodeCall(99, "Shutdown", none)).status).toBeUndefined();
  });

  it.each([
    ["a message of an unknown type", encodeFrames(Connection.plugin, encodeMessage(1, 9, none))],
    ["a message on an unknown connection", encodeFrames(77, encodeMessage(1, 1, none))],
    ["an answer without a call", encodeFrames(Connection.runtime, encodeMessage(9, 2, none))],
  ])("ignores %s", (_, bytes) => {
    const observer = MemoryObserver.open();
    observer.driver.receive(bytes);
    expect(observer.sent()).toEqual([]);
    expect(ask(observer, encodeCall(3, "Shutdown", none)).status).toBeUndefined();
  });

  it("has no call overdue, however short its timeout, as an event takes no time", () => {
    const observer = MemoryObserver.open();
    for (let i = 0; i < 100; i++)
      observer.driver.receive(encodeCall(2 * i + 1, "RunPodSandbox", run(`${i}`), { timeoutNano: 1n }));
    expect(observer.sent()).toHaveLength(100);
    expect(observer.log.filter((line) => line.startsWith("warn"))).toEqual([]);
    expect(observer.driver.wakeAtMs).toBeLessThanOrEqual(observer.nowMs + 1);
    observer.nowMs += 5_000;
    observer.driver.tick();
    observer.driver.close(lost);
    expect(observer.log.filter((line) => line.startsWith("warn"))).toEqual([]);
  });

  it("says so if it was held up for longer than the runtime waits", () => {
    const observer = MemoryObserver.open();
    observer.onConfigure = () => {
      observer.nowMs += 2_500;
    };
    ask(observer, encodeCall(1, "Configure", configureBytes));
    const words =
      "warn: The handler configure has not answered within 2000 ms: the runtime closes the connection of such a plugin";
    expect(observer.log).toContain(words);
  });

  it("whose own part fails logs that and answers success, and its subscription to a Configure", () => {
    const observer = MemoryObserver.open();
    observer.onConfigure = () => {
      throw new Error("no\x1b[31m");
    };
    const { status, payload } = ask(observer, encodeCall(1, "Configure", configureBytes));
    expect(status).toBeUndefined();
    expect(fromBinary(api.ConfigureResponseSchema, payload).events).toBe(7);
    expect(observer.log).toContain("error: The handler configure failed: no\\x1b[31m");
    observer.afterAnswer = () => {
      throw new Error("out of memory");
    };
    expect(ask(observer, encodeCall(3, "RunPodSandbox", run("a"))).status).toBeUndefined();
    expect(ask(observer, encodeCall(5, "Synchronize", none)).status).toBeUndefined();
    expect(observer.log.slice(-2)).toEqual([
      "error: The handler runPodSandbox failed: out of memory",
      "error: The handler synchronize failed: out of memory",
    ]);
  });

  it("that is closed writes nothing more, and is closed once", () => {
    const observer = MemoryObserver.open();
    observer.driver.close(lost);
    observer.driver.close(new NriError("disconnected", "again"));
    observer.driver.receive(encodeCall(1, "RunPodSandbox", run("a")));
    observer.driver.tick();
    expect(observer.end).toBe(lost);
    expect(observer.sent()).toEqual([]);
    expect(observer.driver.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("a recorded session", () => {
  const reportsOf = (toPlugin: Uint8Array, lengths: readonly number[]) => {
    const observer = new MemoryObserver();
    observer.driver.open();
    for (const chunk of cut(toPlugin, lengths)) observer.driver.receive(chunk);
    return { reported: observer.reported(), sent: observer.sent(), end: observer.end };
  };

  it.each(streams)("$name is served alike, however its bytes are cut", ({ toPlugin }) => {
    const whole = reportsOf(toPlugin, []);
    expect(whole.reported.length).toBeGreaterThan(0);
    expect(whole.end).toBeUndefined();
    for (const lengths of [[1], [7, 1, 3], [4096]]) expect(reportsOf(toPlugin, lengths)).toEqual(whole);
  });
});

describe("garbage", () => {
  it("random bytes end the session or leave it waiting for more", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (chunks) => {
        const observer = MemoryObserver.open();
        for (const chunk of chunks) observer.driver.receive(chunk);
        expect([undefined, "protocol"]).toContain(observer.end?.code);
      }),
      { numRuns: howOften(300, 15_000) },
    );
  });

  it("changed bytes of real sessions are answered or end the session", () => {
    const places = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.constantFrom(...streams), places, ({ toPlugin }, changes) => {
        const bytes = Uint8Array.from(toPlugin);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const observer = new MemoryObserver();
        observer.driver.open();
        observer.driver.receive(bytes);
        expect([undefined, "protocol", "registration"]).toContain(observer.end?.code);
        observer.sent();
        observer.reported();
      }),
      { numRuns: howOften(1000, 50_000) },
    );
  });

  it("before any NRI is told as what it is", () => {
    const observer = new MemoryObserver();
    observer.driver.open();
    expect(observer.driver.silence).toBe("no-nri");
    observer.driver.receive(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect(observer.end).toMatchObject({ code: "protocol", reason: "no-nri" });
    expect(MemoryObserver.open().driver.silence).toBeUndefined();
  });
});

it("an answer of a runtime that registers it twice is told and ignored", () => {
  const observer = MemoryObserver.open();
  observer.driver.receive(registered);
  expect(observer.log.at(-1)).toBe("warn: The runtime sent an answer to call 1, which nobody waits for");
  expect(observer.end).toBeUndefined();
});

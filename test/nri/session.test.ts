import { describe, expect, it } from "vitest";
import type { PluginCall } from "../../src/nri/calls.ts";
import { NriError } from "../../src/nri/nri-error.ts";
import { protobufCodec } from "../../src/nri/protobuf-codec.ts";
import { type Call, type Output, Session } from "../../src/nri/session.ts";
import { encodeMessage, MessageType } from "../../src/nri/wire/message.ts";
import { Connection, encodeFrames } from "../../src/nri/wire/mux.ts";
import { encodeCall, registered } from "./support/calls.ts";

const none = new Uint8Array(0);

/** A session that registered at 0 ms. */
function openSession(): Session<PluginCall> {
  const session = new Session(protobufCodec);
  session.open({ name: "test", index: "10" }, 0);
  session.receive(registered, 0);
  session.tick(0);
  session.take();
  return session;
}

/** The outputs of this kind since the last call. */
function taken<K extends Output<PluginCall>["kind"]>(
  session: Session<PluginCall>,
  kind: K,
): Extract<Output<PluginCall>, { readonly kind: K }>[] {
  return session
    .take()
    .filter((one): one is Extract<Output<PluginCall>, { readonly kind: K }> => one.kind === kind);
}

/** Begins a call and returns it. */
function begin(session: Session<PluginCall>, streamId: number, nowMs: number, timeoutMs = 0): Call {
  const timeoutNano = BigInt(timeoutMs) * 1_000_000n;
  session.receive(encodeCall(streamId, "RunPodSandbox", none, { timeoutNano }), nowMs);
  const [output] = taken(session, "call");
  if (!output) throw new Error(`The session did not report call ${streamId}`);
  return output.call;
}

describe("a call's timeout", () => {
  it("is the caller's, else that of Configure, else two seconds", () => {
    const session = openSession();
    expect(begin(session, 1, 0).timeoutMs).toBe(2000);
    session.requestTimeoutMs = 700;
    expect(begin(session, 3, 0).timeoutMs).toBe(700);
    expect(begin(session, 5, 0, 300).timeoutMs).toBe(300);
  });

  it("is not changed by a Configure without one", () => {
    const session = openSession();
    session.requestTimeoutMs = 0;
    expect(begin(session, 1, 0).timeoutMs).toBe(2000);
  });

  it("does not apply after the call is answered or refused", () => {
    const session = openSession();
    session.respond(begin(session, 1, 0), none, 10);
    session.refuse(begin(session, 3, 0), { code: 2, message: "no" }, 10);
    session.tick(5000);
    expect(session.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
    session.close(new NriError("disconnected", "lost"), 5000);
    expect(taken(session, "overdue")).toEqual([]);
  });

  it("applies to each of several calls", () => {
    const session = openSession();
    begin(session, 1, 0, 1000);
    begin(session, 3, 500, 1000);
    expect(session.wakeAtMs).toBe(1000);
    session.tick(1000);
    expect(taken(session, "overdue").map(({ call }) => call.id)).toEqual([1]);
    expect(session.wakeAtMs).toBe(1500);
    session.tick(1500);
    expect(taken(session, "overdue").map(({ call }) => call.id)).toEqual([3]);
    expect(session.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  it("applies to each of several calls of the plugin", () => {
    const session = openSession();
    const ended: string[] = [];
    for (const [name, nowMs] of [
      ["first", 0],
      ["second", 500],
    ] as const)
      session.call("UpdateContainers", none, 1000, nowMs, () => void ended.push(name));
    session.tick(1000);
    expect(ended).toEqual(["first"]);
    expect(session.wakeAtMs).toBe(1500);
    session.tick(1500);
    expect(ended).toEqual(["first", "second"]);
  });
});

describe("a session that ends", () => {
  const error = (bytes: Uint8Array) => {
    const session = new Session(protobufCodec);
    session.open({ name: "test", index: "10" }, 0);
    session.receive(bytes, 0);
    session.receive(Buffer.alloc(8, 0xff), 0);
    session.tick(10_000);
    return taken(session, "close")[0]?.error;
  };
  const run = (fields = {}) => encodeCall(1, "RunPodSandbox", none, fields);
  const answer = (streamId: number, type: number) =>
    encodeFrames(Connection.runtime, encodeMessage(streamId, type, none));

  it.each([
    ["nothing", none],
    ["bytes that are not a frame", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["a call of another service", run({ service: "x.Y" })],
    ["an answer without a call", answer(9, MessageType.response)],
  ])("has the reason no-nri after %s", (_, bytes) => {
    expect(error(bytes)).toMatchObject({ code: "protocol", reason: "no-nri" });
  });

  it.each([
    ["an answer to the registration", registered],
    ["a call", run()],
    ["a call of an unknown method", encodeCall(1, "Dance", none)],
    [
      "a call and one of another service",
      Buffer.concat([run(), encodeCall(3, "Run", none, { service: "x" })]),
    ],
  ])("has no reason no-nri after %s", (_, bytes) => {
    expect(error(bytes)).toMatchObject({ code: "protocol", reason: undefined });
  });

  it("has the reason no-nri if the registration gets no answer, or something else", () => {
    const session = new Session(protobufCodec);
    session.open({ name: "test", index: "10" }, 0);
    session.tick(10_000);
    expect(taken(session, "close")[0]?.error).toMatchObject({ code: "registration", reason: "no-nri" });
    expect(error(answer(1, MessageType.data))).toMatchObject({ code: "registration", reason: "no-nri" });
  });

  it("has no reason no-nri if the registration gets no answer but calls came", () => {
    const session = new Session(protobufCodec);
    session.open({ name: "test", index: "10" }, 0);
    session.receive(run(), 0);
    session.tick(10_000);
    expect(taken(session, "close")[0]?.error).toMatchObject({ code: "registration", reason: undefined });
  });
});

it("a closed session has no timers and ignores what arrives", () => {
  const session = openSession();
  begin(session, 1, 0);
  session.close(new NriError("disconnected", "lost"), 0);
  expect(taken(session, "close")).toHaveLength(1);
  expect(session.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  session.receive(encodeCall(3, "RunPodSandbox", none), 0);
  session.receive(Buffer.alloc(8, 0xff), 0);
  expect(session.take()).toEqual([]);
});

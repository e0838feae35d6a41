import { describe, expect, it, test } from "vitest";
import { encode } from "../../../src/nri/encode.ts";
import { RequestSchema } from "../../../src/nri/gen/ttrpc_pb.js";
import { protobufEnvelope } from "../../../src/nri/protobuf-codec.ts";
import { type Message, MessageDecoder, MessageType } from "../../../src/nri/wire/message.ts";
import { type IncomingCall, Server } from "../../../src/nri/wire/server.ts";
import { StatusCode } from "../../../src/nri/wire/status.ts";
import { responseOf } from "../support/calls.ts";
import type { Sent } from "../support/messages.ts";

const none = new Uint8Array(0);
/** Calls may hold 64 MiB: sixteen of these fit, seventeen do not. */
const large = new Uint8Array(4_000_000);

/** A server, and a function that returns the statuses of its answers since the last call. */
function serve() {
  const answers: Sent[] = [];
  const decoder = new MessageDecoder();
  const server = new Server(protobufEnvelope, (bytes) =>
    decoder.push(bytes, (message) => void answers.push({ ...message, connection: 1 })),
  );
  const codes = () => answers.splice(0).map((sent) => responseOf(sent).status?.code);
  return { server, codes };
}

function requestOf(streamId: number, payload: Uint8Array): Message {
  const bytes = encode(RequestSchema, { service: "s", method: "m", payload });
  return { streamId, type: MessageType.request, length: bytes.length, payload: bytes };
}

/** Receives a call that the server must accept. */
function take(server: Server, streamId: number, payload: Uint8Array): IncomingCall {
  const call = server.receive(requestOf(streamId, payload));
  if (!call) throw new Error(`The server did not accept call ${streamId}`);
  return call;
}

test("a request that cannot be decoded uses up its stream ID, as in Go", () => {
  const { server, codes } = serve();
  const bad = Buffer.from("0f", "hex");
  const message = { streamId: 5, type: MessageType.request, length: bad.length, payload: bad };
  expect(server.receive(message)).toBeUndefined();
  expect(server.receive(requestOf(5, none))).toBeUndefined();
  expect(codes()).toEqual([StatusCode.invalidArgument, StatusCode.invalidArgument]);
  expect(take(server, 7, none).streamId).toBe(7);
});

describe("the memory that a call holds is released", () => {
  const ends: Readonly<Record<string, (server: Server, streamId: number) => void>> = {
    "an answer": (server, streamId) => server.respond(streamId, none),
    "an error": (server, streamId) => server.refuse(streamId, { code: StatusCode.unknown, message: "no" }),
    "an answer that is too long": (server, streamId) => server.respond(streamId, new Uint8Array(5 << 20)),
  };

  it.each(Object.keys(ends))("by %s: 40 calls of 4 MB, one after the other", (end) => {
    const { server, codes } = serve();
    for (let i = 0; i < 40; i++) {
      const { streamId } = take(server, 2 * i + 1, large);
      ends[end]?.(server, streamId);
    }
    const code = { "an answer": undefined, "an error": 2, "an answer that is too long": 8 }[end];
    expect(codes()).toEqual(Array(40).fill(code));
  });

  it("once, however often a call is answered", () => {
    const { server, codes } = serve();
    for (let i = 0; i < 16; i++) take(server, 2 * i + 1, large);
    for (let i = 0; i < 10; i++) server.respond(1, none);
    expect(codes()).toEqual([undefined]);
    take(server, 101, large);
    expect(server.receive(requestOf(103, large))).toBeUndefined();
    expect(codes()).toEqual([StatusCode.resourceExhausted]);
  });

  it("and a refused call holds none", () => {
    const { server, codes } = serve();
    for (let i = 0; i < 16; i++) take(server, 2 * i + 1, large);
    for (let i = 0; i < 16; i++) expect(server.receive(requestOf(101 + 2 * i, large))).toBeUndefined();
    for (let i = 0; i < 16; i++) server.respond(2 * i + 1, none);
    codes();
    for (let i = 0; i < 16; i++) take(server, 201 + 2 * i, large);
    expect(codes()).toEqual([]);
  });
});

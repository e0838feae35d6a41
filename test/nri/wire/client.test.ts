import { expect, test } from "vitest";
import { NriError } from "../../../src/nri/nri-error.ts";
import { protobufEnvelope } from "../../../src/nri/protobuf-codec.ts";
import { Client, type Outcome } from "../../../src/nri/wire/client.ts";
import { type Message, MessageType, maxMessageLength } from "../../../src/nri/wire/message.ts";

const none = new Uint8Array(0);

/** A client with one call that has 10 ms left, and the outcomes reported for that call. */
function calling() {
  const client = new Client(protobufEnvelope, () => {});
  const outcomes: Outcome[] = [];
  const call = { service: "s", method: "m", payload: none, timeoutMs: 10 };
  client.call(call, 0, (outcome) => void outcomes.push(outcome));
  return { client, outcomes };
}

function answer(length = 0): Message {
  return { streamId: 1, type: MessageType.response, length, payload: none };
}

test("a call ends once if it is answered", () => {
  const { client, outcomes } = calling();
  expect(client.receive(answer())).toBe(true);
  expect(client.receive(answer())).toBe(false);
  expect(client.expire(1000)).toBe(Number.POSITIVE_INFINITY);
  client.fail(new NriError("disconnected", "lost"));
  expect(outcomes).toEqual([{ payload: none }]);
});

test("a call ends once if its time is over", () => {
  const { client, outcomes } = calling();
  expect(client.expire(9)).toBe(10);
  expect(client.expire(10)).toBe(Number.POSITIVE_INFINITY);
  client.expire(11);
  expect(client.receive(answer())).toBe(false);
  client.fail(new NriError("disconnected", "lost"));
  expect(outcomes).toMatchObject([{ error: { code: "timeout" } }]);
});

test("a call ends once if the connection is lost", () => {
  const { client, outcomes } = calling();
  client.fail(new NriError("disconnected", "lost"));
  client.expire(1000);
  expect(client.receive(answer())).toBe(false);
  expect(outcomes).toMatchObject([{ error: { code: "disconnected" } }]);
});

test("an answer that is too long is an error", () => {
  const { client, outcomes } = calling();
  expect(client.receive(answer(maxMessageLength + 1))).toBe(true);
  expect(outcomes).toMatchObject([{ error: { code: "status", status: 8 } }]);
});

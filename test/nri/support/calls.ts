import { fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { encode } from "../../../src/nri/encode.ts";
import {
  ConfigureRequestSchema,
  EmptySchema,
  Event,
  Plugin,
  type SynchronizeRequestSchema,
} from "../../../src/nri/gen/api_pb.js";
import { RequestSchema, type Response, ResponseSchema } from "../../../src/nri/gen/ttrpc_pb.js";
import { encodeMessage, MessageType } from "../../../src/nri/wire/message.ts";
import { Connection, encodeFrames } from "../../../src/nri/wire/mux.ts";
import type { Sent } from "./messages.ts";

/** A runtime's call as bytes on the socket. */
export function encodeCall(
  streamId: number,
  method: string,
  payload: Uint8Array,
  fields: MessageInitShape<typeof RequestSchema> = {},
): Uint8Array {
  const request = encode(RequestSchema, { service: Plugin.typeName, method, payload, ...fields });
  return encodeFrames(Connection.plugin, encodeMessage(streamId, MessageType.request, request));
}

/** A call whose request is any bytes, in frames of a megabyte. */
export function rawCall(streamId: number, payload: Uint8Array): Uint8Array {
  const message = encodeMessage(streamId, MessageType.request, payload);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < message.length; at += 1 << 20) {
    const piece = message.subarray(at, at + (1 << 20));
    const header = Buffer.alloc(8);
    header.writeUInt32BE(Connection.plugin);
    header.writeUInt32BE(piece.length, 4);
    frames.push(header, piece);
  }
  return Buffer.concat(frames);
}

/** A runtime's answer to RegisterPlugin. */
export const registered = encodeFrames(
  Connection.runtime,
  encodeMessage(1, MessageType.response, new Uint8Array(0)),
);

/** A runtime's answer to RegisterPlugin that refuses the plugin. */
export function rejection(code: number, message: string): Uint8Array {
  const response = encode(ResponseSchema, { status: { code, message } });
  return encodeFrames(Connection.runtime, encodeMessage(1, MessageType.response, response));
}

/** The Configure request of containerd 2.3. */
export const configureBytes = encode(ConfigureRequestSchema, {
  runtimeName: "containerd",
  runtimeVersion: "v2.3.4",
  registrationTimeout: 5000n,
  requestTimeout: 2000n,
  NRIVersion: "v0.12.0",
});

/** Decodes an answer. */
export function responseOf(sent: Sent | undefined): Response {
  if (sent?.type !== MessageType.response) throw new Error(`Cannot read the answer: ${JSON.stringify(sent)}`);
  return fromBinary(ResponseSchema, sent.payload);
}

export type SynchronizeInit = MessageInitShape<typeof SynchronizeRequestSchema>;
export { EmptySchema, Event };

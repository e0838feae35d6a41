import { fromBinary } from "@bufbuild/protobuf";
import { decodeCall, type PluginCall } from "./calls.ts";
import type { Codec } from "./codec.ts";
import { encode } from "./encode.ts";
import { RegisterPluginRequestSchema } from "./gen/api_pb.js";
import { RequestSchema, ResponseSchema } from "./gen/ttrpc_pb.js";
import type { Envelope } from "./wire/envelope.ts";

const options = { readUnknownFields: false };

/** ttrpc's messages as generated. */
export const protobufEnvelope: Envelope = {
  encodeRequest: ({ service, method, payload, timeoutMs }) =>
    encode(RequestSchema, { service, method, payload, timeoutNano: BigInt(Math.round(timeoutMs * 1e6)) }),
  decodeRequest: (bytes) => {
    const { service, method, payload, timeoutNano } = fromBinary(RequestSchema, bytes, options);
    return { service, method, payload, timeoutMs: Number(timeoutNano) / 1e6 };
  },
  encodeResponse: (response) => encode(ResponseSchema, response),
  decodeResponse: (bytes) => fromBinary(ResponseSchema, bytes, options),
};

/** All messages of the API, as generated. */
export const protobufCodec: Codec<PluginCall> = {
  envelope: protobufEnvelope,
  encodeRegistration: ({ name, index }, NRIVersion) =>
    encode(RegisterPluginRequestSchema, { pluginName: name, pluginIdx: index, NRIVersion }),
  decodeCall,
};

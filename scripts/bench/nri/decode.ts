import { fromBinary } from "@bufbuild/protobuf";
import { encode } from "../../../src/nri/encode.ts";
import { Plugin, RunPodSandboxRequestSchema } from "../../../src/nri/gen/api_pb.js";
import { RequestSchema } from "../../../src/nri/gen/ttrpc_pb.js";
import { protobufCodec } from "../../../src/nri/protobuf-codec.ts";
import { Session } from "../../../src/nri/session.ts";
import { encodeMessage, MessageType } from "../../../src/nri/wire/message.ts";
import { Connection, encodeFrames, MuxDecoder } from "../../../src/nri/wire/mux.ts";
import { median, table } from "../table.ts";
import { runPodSandboxRequest } from "./messages.ts";

/** Throughput of the stub without sockets and processes, compared with protobuf-es alone. */
export function benchDecoding(count: number): string {
  const payload = runPodSandboxRequest();
  const chunks = chunksOf(payload, count);
  const frames = () => {
    const mux = new MuxDecoder();
    for (const chunk of chunks) mux.push(chunk, () => {});
  };
  const session = () => {
    const one = new Session(protobufCodec);
    for (const chunk of chunks) {
      one.receive(chunk, 0);
      for (const output of one.take())
        if (output.kind === "call") one.respond(output.call, new Uint8Array(0), 0);
    }
  };
  const alone = () => {
    for (let i = 0; i < count; i++) fromBinary(RunPodSandboxRequestSchema, payload);
  };
  const rows = [
    ["frames decoded", perSecond(count, frames)],
    ["events decoded and answered by the session", perSecond(count, session)],
    ["the same messages by protobuf-es alone", perSecond(count, alone)],
  ];
  return table(["in one process", "a second"], rows);
}

/** The bytes of `count` calls, in chunks as from a socket. */
function chunksOf(payload: Uint8Array, count: number): Uint8Array[] {
  const call = (streamId: number) => {
    const request = { service: Plugin.typeName, method: "RunPodSandbox", payload, timeoutNano: 2n };
    return encodeFrames(
      Connection.plugin,
      encodeMessage(streamId, MessageType.request, encode(RequestSchema, request)),
    );
  };
  const bytes = Buffer.concat(Array.from({ length: count }, (_, i) => call(2 * i + 1)));
  return Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, i) =>
    bytes.subarray(i * 65_536, (i + 1) * 65_536),
  );
}

function perSecond(count: number, run: () => void): string {
  run();
  const seconds = Array.from({ length: 5 }, () => {
    const startMs = performance.now();
    run();
    return (performance.now() - startMs) / 1000;
  });
  return Math.round(count / median(seconds)).toLocaleString("en");
}

import type { MessageInitShape } from "@bufbuild/protobuf";
import { type ByteString, decodeUtf8 } from "../../../src/log/byte-string.ts";
import type { PodFacts } from "../../../src/log/pod-line.ts";
import { encode } from "../../../src/nri/encode.ts";
import { PodSandboxSchema } from "../../../src/nri/gen/api_pb.js";
import { PodReader } from "../../../src/observe/pod-record.ts";
import { TwinFields } from "../../native/twin/twin-observe-fields.ts";

export type PodInit = MessageInitShape<typeof PodSandboxSchema>;

export const pods = new PodReader(new TwinFields());

/** The record of a pod. */
export function recordOf(init: PodInit): ByteString {
  return keptOf(encode(PodSandboxSchema, init));
}

/** The record of an encoded PodSandbox. */
export function keptOf(bytes: Uint8Array): ByteString {
  return pods.keep(bytes, [0, bytes.length]);
}

/** The facts in a record, as texts. */
export function factsOf(record: ByteString): PodFacts {
  const { id, namespace, name, uid, netns, ips, labels } = pods.factsOf(record);
  const pairs = Object.entries(labels).map(([key, value]) => [bytesAsText(key), decodeUtf8(value)]);
  return {
    ...{ id: decodeUtf8(id), namespace: decodeUtf8(namespace), name: decodeUtf8(name), uid: decodeUtf8(uid) },
    ...{ netns: netns === null ? null : decodeUtf8(netns), ips: ips.map(decodeUtf8) },
    labels: Object.fromEntries(pairs),
  };
}

function bytesAsText(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString();
}

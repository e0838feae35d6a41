import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ByteString } from "../../../src/log/byte-string.ts";
import type { PodFacts } from "../../../src/log/pod-line.ts";
import { encode } from "../../../src/nri/encode.ts";
import { PodSandboxSchema } from "../../../src/nri/gen/api_pb.js";
import { PodReader } from "../../../src/observe/pod-record.ts";
import { TwinFieldHost } from "../../native/twin/twin-field-host.ts";
import { factsOfLogged } from "../../support/pod-facts.ts";

export type PodInit = MessageInitShape<typeof PodSandboxSchema>;

export const pods = new PodReader(new TwinFieldHost());

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
  return factsOfLogged(pods.factsOf(record));
}

import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";

/** Encodes a message from its fields. */
export function encode<S extends DescMessage>(schema: S, fields: MessageInitShape<S>): Uint8Array {
  return toBinary(schema, create(schema, fields));
}

import type { FieldPath } from "../../../src/native/observe-host.ts";

/* Protocol Buffers by hand (protobuf.dev, "Encoding"), for messages that no generated code writes. */

/** The number of the field at the end of a path. */
export function numberOf(path: FieldPath): number {
  return Math.abs(path.at(-1) ?? 0);
}

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

export function varintField(number: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

export function bytesField(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
}

export function textField(number: number, text: string): Buffer {
  return bytesField(number, Buffer.from(text));
}

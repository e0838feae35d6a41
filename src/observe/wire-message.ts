import type { ByteString } from "../log/byte-string.ts";
import type { FieldPath, ObserveHost } from "../native/observe-host.ts";

/* Protocol Buffers (protobuf.dev, "Encoding") for the few messages of the observer. The host finds fields. */

/** What of the host finds fields. */
export type FieldHost = Pick<ObserveHost, "fieldPaths" | "fields" | "spans" | "text" | "keep" | "isPlain">;

/** Told the index of the path of each field, and where its content is. */
export type FieldTaker = (path: number, start: number, end: number) => void;

/** Field paths that were handed to the host. */
export class FieldSet {
  readonly #host: FieldHost;
  readonly #number: number;

  constructor(host: FieldHost, paths: readonly FieldPath[]) {
    this.#host = host;
    this.#number = host.fieldPaths(paths);
  }

  /**
   * The fields of a message, in order: three numbers each, the index of the path, and start and end of the content.
   * @throws if it is none
   */
  find(message: Uint8Array | ByteString): Int32Array {
    const count = this.#host.fields(message, 0, message.length, this.#number);
    if (count < 0) throw new Error("cannot parse invalid wire-format data");
    return this.#host.spans();
  }

  /** Goes through the fields of a message. @throws if it is none */
  read(message: Uint8Array | ByteString, take: FieldTaker): void {
    const spans = this.find(message);
    for (let i = 0; i < spans.length; i += 3) take(spans[i] ?? 0, spans[i + 1] ?? 0, spans[i + 2] ?? 0);
  }

  /** The part of messages at these spans that the paths name. @throws if one is no message, or has no UTF-8 there */
  keep(bytes: Uint8Array, spans: readonly number[]): ByteString {
    const record = this.#host.keep(bytes, spans, this.#number);
    if (record === null) throw new Error("cannot parse invalid wire-format data");
    return record;
  }
}

/** The number in a varint. One over 2^53 loses its last digits; a negative one has ten bytes. */
export function readVarint(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = end - 1; at >= start; at--) value = value * 128 + ((bytes[at] ?? 0) & 0x7f);
  return value >= 2 ** 63 ? value - 2 ** 64 : value;
}

const NOTHING = new Uint8Array(0);

/** Makes a message. A field with its default value is left out, as in proto3. */
export class MessageWriter {
  readonly #bytes: number[] = [];

  /** A whole number of at least 0. */
  varint(field: number, value: number): this {
    if (value === 0) return this;
    this.#put(field * 8);
    this.#put(value);
    return this;
  }

  bytes(field: number, value: Uint8Array | ByteString): this {
    if (value.length === 0) return this;
    this.#put(field * 8 + 2);
    this.#put(value.length);
    for (let i = 0; i < value.length; i++)
      this.#bytes.push(typeof value === "string" ? value.charCodeAt(i) : (value[i] ?? 0));
    return this;
  }

  get message(): Uint8Array {
    return this.#bytes.length === 0 ? NOTHING : Uint8Array.from(this.#bytes);
  }

  #put(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.#bytes.push((rest % 128) | 0x80);
    this.#bytes.push(rest);
  }
}

/** All bytes of the parts. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

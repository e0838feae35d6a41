import { isUtf8 } from "node:buffer";
import { asByteString, type ByteString } from "../../../src/log/byte-string.ts";
import type { FieldPath } from "../../../src/native/observe-host.ts";
import type { FieldHost } from "../../../src/observe/wire-message.ts";
import { fieldsTwin, keepTwin } from "./twin-fields.ts";

/** The field functions of the observer's host, under Node. */
export class TwinFieldHost implements FieldHost {
  readonly #sets: (readonly FieldPath[])[] = [];
  #spans: readonly number[] = [];

  fieldPaths(paths: readonly FieldPath[]): number {
    if (paths.length > 64 || this.#sets.length === 16) throw new RangeError("too many paths");
    return this.#sets.push(paths) - 1;
  }

  fields(bytes: Uint8Array | ByteString, start: number, end: number, paths: number): number {
    const content = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
    const spans = fieldsTwin(content, start, end, this.#set(paths));
    this.#spans = spans ?? [];
    return spans === null ? -1 : spans.length / 3;
  }

  spans(): Int32Array {
    return Int32Array.from(this.#spans);
  }

  text(bytes: Uint8Array, start: number, end: number, utf8: boolean): ByteString {
    const part = bytes.subarray(start, end);
    if (utf8 && !isUtf8(part)) throw new TypeError("not UTF-8");
    return asByteString(Buffer.from(part).toString("latin1"));
  }

  isPlain(text: string): boolean {
    return /^[ !#-[\]-~]*$/.test(text);
  }

  keep(bytes: Uint8Array, spans: readonly number[], paths: number): ByteString | null {
    const record = keepTwin(bytes, spans, this.#set(paths));
    return record && asByteString(record.toString("latin1"));
  }

  #set(number: number): readonly FieldPath[] {
    const paths = this.#sets[number];
    if (!paths) throw new RangeError("no such paths");
    return paths;
  }
}

import { isUtf8 } from "node:buffer";
import { asByteString, type ByteString } from "../../../src/log/byte-string.ts";
import type { FieldPath } from "../../../src/native/observe-host.ts";
import type { FieldHost } from "../../../src/observe/wire-message.ts";

const GROUPS_MOST = 100;

interface Field {
  /** Negative for a varint. */
  readonly number: number;
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

class Broken extends Error {}

/** Paths with the same beginning, as a tree. */
interface Node {
  path: number;
  readonly children: Map<number, Node>;
}

/** The field functions of the observer's host, under Node. */
export class TwinFields implements FieldHost {
  readonly #sets: Node[] = [];
  #spans: number[] = [];

  fieldPaths(paths: readonly FieldPath[]): number {
    const root: Node = { path: -1, children: new Map() };
    for (const [index, path] of paths.entries()) {
      let node = root;
      for (const number of path) {
        const child = node.children.get(number) ?? { path: -1, children: new Map() };
        node.children.set(number, child);
        node = child;
      }
      node.path = index;
    }
    if (paths.length > 64 || this.#sets.length === 16) throw new RangeError("too many paths");
    return this.#sets.push(root) - 1;
  }

  fields(bytes: Uint8Array | ByteString, start: number, end: number, paths: number): number {
    this.#spans = [];
    try {
      this.#find(bufferOf(bytes), start, end, this.#set(paths));
    } catch (error) {
      if (error instanceof Broken) return -1;
      throw error;
    }
    return this.#spans.length / 3;
  }

  spans(): Int32Array {
    return Int32Array.from(this.#spans);
  }

  text(bytes: Uint8Array, start: number, end: number, utf8: boolean): ByteString {
    const part = bytes.subarray(start, end);
    if (utf8 && !isUtf8(part)) throw new TypeError("not UTF-8");
    return asByteString(Buffer.from(part).toString("latin1"));
  }

  keep(bytes: Uint8Array, spans: readonly number[], paths: number): ByteString | null {
    try {
      const parts: Buffer[] = [];
      for (let i = 0; i < spans.length; i += 2)
        parts.push(this.#kept(bufferOf(bytes), spans[i] ?? 0, spans[i + 1] ?? 0, this.#set(paths)));
      return asByteString(Buffer.concat(parts).toString("latin1"));
    } catch (error) {
      if (error instanceof Broken) return null;
      throw error;
    }
  }

  #set(number: number): Node {
    const node = this.#sets[number];
    if (!node) throw new RangeError("no such paths");
    return node;
  }

  #find(bytes: Buffer, start: number, end: number, node: Node): void {
    for (const field of fieldsOf(bytes, start, end)) {
      const child = node.children.get(field.number);
      if (!child) continue;
      if (child.path >= 0) this.#spans.push(child.path, field.start, field.end);
      if (child.children.size > 0) this.#find(bytes, field.start, field.end, child);
    }
  }

  #kept(bytes: Buffer, start: number, end: number, node: Node): Buffer {
    const parts: Buffer[] = [];
    for (const field of fieldsOf(bytes, start, end)) {
      const child = node.children.get(field.number);
      if (!child) continue;
      const content = bytes.subarray(field.start, field.end);
      if (field.number < 0) parts.push(varint(-field.number * 8), content);
      else if (child.path >= 0) {
        if (!isUtf8(content)) throw new Broken();
        parts.push(varint(field.number * 8 + 2), varint(content.length), content);
      } else {
        const inside = this.#kept(bytes, field.start, field.end, child);
        parts.push(varint(field.number * 8 + 2), varint(inside.length), inside);
      }
    }
    return Buffer.concat(parts);
  }
}

function bufferOf(bytes: Uint8Array | ByteString): Buffer {
  return typeof bytes === "string"
    ? Buffer.from(bytes, "latin1")
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The varints and length-delimited fields of a message. */
function* fieldsOf(bytes: Buffer, start: number, end: number): Iterable<Field> {
  const open: number[] = [];
  for (let at = start; at < end; ) {
    const [tag, content] = readVarint(bytes, at, end, 5);
    const number = Math.floor(tag / 8);
    if (number === 0 || tag >= 2 ** 32) throw new Broken();
    const field = { number: tag % 8 === 0 ? -number : number, at, start: content };
    switch (tag % 8) {
      case 0:
        [, at] = readVarint(bytes, content, end, 10);
        if (open.length === 0) yield { ...field, end: at };
        break;
      case 1:
        at = content + 8;
        break;
      case 2: {
        const [length, from] = readVarint(bytes, content, end, 10);
        at = from + length;
        if (at > end) throw new Broken();
        if (open.length === 0) yield { ...field, start: from, end: at };
        break;
      }
      case 3:
        at = content;
        if (open.push(number) > GROUPS_MOST) throw new Broken();
        break;
      case 4:
        at = content;
        if (open.pop() !== number) throw new Broken();
        break;
      case 5:
        at = content + 4;
        break;
      default:
        throw new Broken();
    }
    if (at > end) throw new Broken();
  }
  if (open.length > 0) throw new Broken();
}

/** The number, and the offset after it. */
function readVarint(bytes: Buffer, start: number, end: number, most: number): [value: number, next: number] {
  let value = 0;
  for (let i = 0; i < most && start + i < end; i++) {
    const byte = bytes[start + i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [value, start + i + 1];
  }
  throw new Broken();
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

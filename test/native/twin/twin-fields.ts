import type { FieldPath } from "../../../src/native/observe-host.ts";

/*
 * What native/observe/fields.c does, in another way: the message becomes a list of fields first, groups are read like
 * messages, and paths are compared as texts.
 */

interface Field {
  readonly number: number;
  readonly type: number;
  /** Of the content; of a group all until its end. */
  readonly start: number;
  readonly end: number;
}

class Broken extends Error {}

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const GROUPS_MOST = 100;

class Reader {
  at: number;
  readonly bytes: Uint8Array;
  readonly end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  varint(most: number): bigint {
    const from = this.at;
    let to = from;
    while (to < this.end && (this.bytes[to] ?? 0) >= 0x80) to++;
    if (to === this.end || to - from >= most) throw new Broken("varint");
    this.at = to + 1;
    const sevens = [...this.bytes.subarray(from, to + 1)].map((byte) => BigInt(byte & 0x7f));
    return BigInt.asUintN(
      64,
      sevens.reduceRight((value, seven) => value * 128n + seven, 0n),
    );
  }

  skip(bytes: bigint): void {
    if (bytes > BigInt(this.end - this.at)) throw new Broken("length");
    this.at += Number(bytes);
  }

  /** Null: the end of the group `inside`. */
  field(inside: number | null, groups: number): Field | null {
    const tag = this.varint(5);
    const number = Number(tag >> 3n);
    const type = Number(tag & 7n);
    if (number === 0 || number >= 2 ** 29) throw new Broken("number");
    if (type === 4) {
      if (number !== inside) throw new Broken("end of group");
      return null;
    }
    let start = this.at;
    if (type === VARINT) this.varint(10);
    else if (type === 1) this.skip(8n);
    else if (type === 5) this.skip(4n);
    else if (type === LENGTH_DELIMITED) {
      const length = this.varint(10);
      start = this.at;
      this.skip(length);
    } else if (type === 3) {
      if (groups === GROUPS_MOST) throw new Broken("groups");
      while (this.field(number, groups + 1) !== null);
    } else throw new Broken("type");
    return { number, type, start, end: this.at };
  }

  fields(): Field[] {
    const fields: Field[] = [];
    while (this.at < this.end) {
      const field = this.field(null, 0);
      if (field) fields.push(field);
    }
    return fields;
  }
}

function unlessBroken<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof Broken) return null;
    throw error;
  }
}

/** Spans as `host.spans()` has them; null: no message. */
export function fieldsTwin(
  bytes: Uint8Array,
  start: number,
  end: number,
  paths: readonly FieldPath[],
): number[] | null {
  const names = paths.map((path) => path.join("."));
  const visit = (from: number, to: number, prefix: string): number[] =>
    new Reader(bytes, from, to).fields().flatMap((field) => {
      if (field.type !== VARINT && field.type !== LENGTH_DELIMITED) return [];
      const name = `${prefix}${field.type === VARINT ? -field.number : field.number}`;
      const index = names.indexOf(name);
      const own = index < 0 ? [] : [index, field.start, field.end];
      const leadsOn = names.some((other) => other.startsWith(`${name}.`));
      return [...own, ...(leadsOn ? visit(field.start, field.end, `${name}.`) : [])];
    });
  return unlessBroken(() => visit(start, end, ""));
}

function encodeVarint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...encodeVarint(Math.floor(value / 128))];
}

function isUtf8(bytes: Uint8Array): boolean {
  return Buffer.from(Buffer.from(bytes).toString("utf8"), "utf8").equals(bytes);
}

/** What `host.keep()` makes of spans; null: no message, or not UTF-8. */
export function keepTwin(
  bytes: Uint8Array,
  spans: readonly number[],
  paths: readonly FieldPath[],
): Buffer | null {
  const names = paths.map((path) => path.join("."));
  const visit = (from: number, to: number, prefix: string): Buffer => {
    const parts = new Reader(bytes, from, to).fields().map((field) => {
      const { number, type, start, end } = field;
      const name = `${prefix}${type === VARINT ? -number : number}`;
      const isLeaf = names.includes(name);
      if (type !== VARINT && type !== LENGTH_DELIMITED) return Buffer.alloc(0);
      if (!isLeaf && !names.some((other) => other.startsWith(`${name}.`))) return Buffer.alloc(0);
      const content = isLeaf ? Buffer.from(bytes.subarray(start, end)) : visit(start, end, `${name}.`);
      if (isLeaf && type === LENGTH_DELIMITED && !isUtf8(content)) throw new Broken("text");
      const length = type === LENGTH_DELIMITED ? encodeVarint(content.length) : [];
      return Buffer.concat([Buffer.from([...encodeVarint(number * 8 + type), ...length]), content]);
    });
    return Buffer.concat(parts);
  };
  return unlessBroken(() => {
    const records: Buffer[] = [];
    for (let index = 0; index < spans.length; index += 2)
      records.push(visit(spans[index] ?? 0, spans[index + 1] ?? 0, ""));
    return Buffer.concat(records);
  });
}

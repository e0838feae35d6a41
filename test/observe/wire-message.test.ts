import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { encodeUtf8 } from "../../src/log/byte-string.ts";
import { FieldSet, MessageWriter, readVarint } from "../../src/observe/wire-message.ts";
import { TwinFieldHost } from "../native/twin/twin-field-host.ts";
import { bytesField, varint, varintField } from "./support/wire.ts";

describe("readVarint", () => {
  const read = (bytes: Uint8Array) => readVarint(bytes, 0, bytes.length);

  it.each([0, 1, 127, 128, 300, 2 ** 31, 2 ** 32, 2 ** 53 - 1])("reads %d", (value) => {
    expect(read(varint(value))).toBe(value);
  });

  it("reads any whole number, wherever it is; of a negative one the first 53 bits", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.uint8Array({ maxLength: 3 }), (value, around) => {
        const bytes = Buffer.concat([around, varint(value), around]);
        const seen = readVarint(bytes, around.length, bytes.length - around.length);
        expect(Math.abs(seen - value)).toBeLessThanOrEqual(value < 0 ? 2 ** 11 : 0);
        expect(seen > 0).toBe(value > 0);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["no bytes", [], 0],
    ["more bytes than are needed", [0x81, 0x80, 0x80, 0x00], 1],
  ])("of %s", (_, bytes, value) => {
    expect(read(Uint8Array.from(bytes))).toBe(value);
  });
});

describe("MessageWriter", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 200 });

  it("writes what generated code reads", () => {
    const field = fc.integer({ min: 1, max: 2 ** 28 });
    const number = fc.record({
      field,
      number: fc
        .maxSafeInteger()
        .map(Math.abs)
        .filter((value) => value > 0),
    });
    const words = fc.record({ field, text: text.filter((one) => one !== "") });
    const bytes = fc.record({ field, bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }) });
    fc.assert(
      fc.property(fc.array(fc.oneof(number, words, bytes), { maxLength: 6 }), (fields) => {
        const [writer, wanted] = [new MessageWriter(), new BinaryWriter()];
        for (const one of fields) {
          if ("number" in one) {
            writer.varint(one.field, one.number);
            wanted.tag(one.field, 0).uint64(one.number);
          } else if ("text" in one) {
            writer.bytes(one.field, encodeUtf8(one.text));
            wanted.tag(one.field, 2).string(one.text);
          } else {
            writer.bytes(one.field, one.bytes);
            wanted.tag(one.field, 2).bytes(one.bytes);
          }
        }
        expect(Buffer.from(writer.message)).toEqual(Buffer.from(wanted.finish()));
      }),
      { numRuns: 500 },
    );
  });

  it("leaves out defaults, as proto3 does", () => {
    const writer = new MessageWriter().varint(1, 0).bytes(2, encodeUtf8("")).bytes(3, new Uint8Array(0));
    expect(writer.message).toHaveLength(0);
  });

  it("writes a message of megabytes", () => {
    const { message } = new MessageWriter().bytes(1, new Uint8Array(4 << 20).fill(7));
    const reader = new BinaryReader(message);
    expect(reader.tag()).toEqual([1, 2]);
    expect(reader.bytes()).toHaveLength(4 << 20);
  });
});

describe("FieldSet", () => {
  const host = new TwinFieldHost();
  const found = (set: FieldSet, message: Uint8Array) => {
    const all: string[] = [];
    set.read(message, (path, start, end) => all.push(`${path}:${start}-${end}`));
    return all;
  };

  it("tells fields in their order, and a field before those in it", () => {
    const set = new FieldSet(host, [[1], [1, 2], [-3]]);
    const message = Buffer.concat([
      varintField(3, 300),
      bytesField(1, Buffer.concat([bytesField(2, Buffer.from("a")), bytesField(3, Buffer.from("b"))])),
      bytesField(1, Buffer.alloc(0)),
    ]);
    expect(found(set, message)).toEqual(["2:1-3", "0:5-11", "1:7-8", "0:13-13"]);
  });

  it("throws for what is no message", () => {
    const set = new FieldSet(host, [[1, 2]]);
    for (const bytes of [[0x0a], [0x0a, 0x02, 0x12], [0x08, 0x80], [0x0b], [0x0f, 0x00]])
      expect(() => found(set, Uint8Array.from(bytes))).toThrow("cannot parse invalid wire-format data");
  });
});

test("the twin finds the fields that generated code finds, in any bytes", () => {
  const host = new TwinFieldHost();
  const set = host.fieldPaths([[1], [-2], [3]]);
  const part = fc.oneof(
    fc
      .tuple(fc.constantFrom(1, 3, 7), fc.uint8Array({ maxLength: 4 }))
      .map(([field, bytes]) => bytesField(field, bytes)),
    fc.tuple(fc.constantFrom(2, 7), fc.nat()).map(([field, value]) => varintField(field, value)),
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const message = Buffer.concat(parts);
      const wanted = fieldsByGenerated(message);
      const count = host.fields(message, 0, message.length, set);
      if (wanted === null) expect(count).toBe(-1);
      else expect([...host.spans()]).toEqual(wanted);
    }),
    { numRuns: 2_000 },
  );
});

/** The spans of fields 1, 2 and 3, by the reader that generated code uses; null if it is no message. */
function fieldsByGenerated(message: Uint8Array): number[] | null {
  const reader = new BinaryReader(message);
  const spans: number[] = [];
  try {
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      const from = reader.pos;
      if (type === 2 && (field === 1 || field === 3)) {
        const content = reader.bytes();
        spans.push(field === 1 ? 0 : 2, reader.pos - content.length, reader.pos);
        continue;
      }
      reader.skip(type, field);
      if (type === 0 && field === 2) spans.push(1, from, reader.pos);
      if (reader.pos > reader.len) return null;
    }
  } catch {
    return null;
  }
  return spans;
}

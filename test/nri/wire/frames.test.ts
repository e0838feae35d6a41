import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NriError } from "../../../src/nri/nri-error.ts";
import {
  encodeMessage,
  type Message,
  MessageDecoder,
  maxMessageLength,
} from "../../../src/nri/wire/message.ts";
import { encodeFrames, MuxDecoder, maxFrameLength } from "../../../src/nri/wire/mux.ts";
import { SentReader } from "../support/messages.ts";
import { cut } from "../support/streams.ts";

function frameHeader(connection: number, length: number): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(connection);
  header.writeUInt32BE(length, 4);
  return header;
}

/** The lengths of the frames in encoded bytes. */
function frameLengths(bytes: Uint8Array): number[] {
  const lengths: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Buffer.from(bytes.buffer, bytes.byteOffset).readUInt32BE(at + 4);
    lengths.push(length);
    at += 8 + length;
  }
  return lengths;
}

describe("messages", () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 20_000 }), { maxLength: 5 });
  const lengths = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 10 });

  it("are decoded as they were encoded, in pieces of any length", () => {
    fc.assert(
      fc.property(payloads, lengths, (some, cuts) => {
        const bytes = some.map((payload, i) =>
          encodeFrames(1 + (i % 2), encodeMessage(2 * i + 1, 1, payload)),
        );
        const reader = new SentReader();
        const found = [...cut(Buffer.concat(bytes), cuts)].flatMap((chunk) => reader.push(chunk));
        expect(found).toEqual(
          some.map((payload, i) => ({
            ...{ streamId: 2 * i + 1, type: 1, length: payload.length, connection: 1 + (i % 2) },
            payload: Uint8Array.from(payload),
          })),
        );
      }),
    );
  });

  it.each([
    ["4096 bytes", 4086, [4096]],
    ["4097 bytes", 4087, [4096, 1]],
    ["the maximum length", maxMessageLength, [4096, maxFrameLength - 4096]],
  ])("of %s are framed as Go's reader expects", (_, length, frames) => {
    expect(frameLengths(encodeFrames(1, encodeMessage(1, 2, new Uint8Array(length))))).toEqual(frames);
  });

  it("may begin and end anywhere in frames", () => {
    const bytes = Buffer.concat([
      encodeMessage(1, 1, Buffer.from("one")),
      encodeMessage(3, 1, Buffer.from("")),
      encodeMessage(5, 1, Buffer.from("three")),
    ]);
    const frames = [...cut(bytes, [3])].map((piece) => Buffer.concat([frameHeader(1, piece.length), piece]));
    for (const framed of [Buffer.concat([frameHeader(1, bytes.length), bytes]), Buffer.concat(frames)]) {
      const found = new SentReader().push(framed);
      expect(found.map(({ payload }) => Buffer.from(payload).toString())).toEqual(["one", "", "three"]);
    }
  });

  it("that are too long are skipped and reported", () => {
    const found: Message[] = [];
    const decoder = new MessageDecoder();
    const length = maxMessageLength + 1;
    const header = Buffer.alloc(10);
    header.writeUInt32BE(length);
    header.writeUInt32BE(7, 4);
    header.writeUInt8(1, 8);
    for (const chunk of [header, Buffer.alloc(length), encodeMessage(9, 1, Buffer.from("next"))])
      decoder.push(chunk, (message) => found.push(message));
    expect(found.map(({ streamId, length, payload }) => [streamId, length, payload.length])).toEqual([
      [7, length, 0],
      [9, 4, 4],
    ]);
  });

  it("are not allocated when only their header has come", () => {
    const before = process.memoryUsage().arrayBuffers;
    const header = Buffer.alloc(10);
    header.writeUInt32BE(maxMessageLength);
    const decoders = Array.from({ length: 100 }, () => {
      const decoder = new MessageDecoder();
      decoder.push(Buffer.concat([header, Buffer.alloc(10)]), () => {});
      return decoder;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(decoders.length * (1 << 20));
  });
});

describe("frames", () => {
  it("longer than Go's limit are refused by their header", () => {
    const push = (length: number) => () => new MuxDecoder().push(frameHeader(1, length), () => {});
    expect(push(maxFrameLength)).not.toThrow();
    expect(push(maxFrameLength + 1)).toThrow(NriError);
    expect(push(0xffffffff)).toThrow("Cannot read a frame: 4294967295 bytes, over 4194314");
  });

  it("of no bytes are ignored", () => {
    const pieces: Uint8Array[] = [];
    const bytes = Buffer.concat([frameHeader(1, 0), frameHeader(1, 0), frameHeader(2, 1), Buffer.from("x")]);
    new MuxDecoder().push(bytes, (_, piece) => pieces.push(piece));
    expect(pieces.map(String)).toEqual(["x"]);
  });
});

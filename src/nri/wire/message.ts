import { HeaderReader, writeUint32 } from "./header.ts";

/** `u32be length, u32be stream, u8 type, u8 flags` (containerd/ttrpc, channel.go). */
export const messageHeaderLength = 10;
/** Maximum payload in both directions: 4 MiB. */
export const maxMessageLength = 4 << 20;
/** Initial buffer size, as long as few bytes of a payload have arrived. */
const firstBuffer = 64 << 10;

export const MessageType = { request: 1, response: 2, data: 3 } as const;

export interface Message {
  readonly streamId: number;
  /** A `MessageType`, or an unknown number. */
  readonly type: number;
  /** From the header. If over `maxMessageLength`, `payload` is empty. */
  readonly length: number;
  /** May be a view of the chunk that was pushed. */
  readonly payload: Uint8Array;
}

const nothing = new Uint8Array(0);

/** Reassembles the messages of one connection. One that is too long is delivered without its payload. */
export class MessageDecoder {
  readonly #header = new HeaderReader(messageHeaderLength);
  #buffer = nothing;
  #have = 0;

  push(chunk: Uint8Array, take: (message: Message) => void): void {
    for (let at = 0; at < chunk.length; ) {
      if (!this.#header.complete) {
        at = this.#header.take(chunk, at);
        if (!this.#header.complete) return;
      }
      const length = this.#header.uint32(0);
      const end = Math.min(chunk.length, at + length - this.#have);
      const piece = chunk.subarray(at, end);
      const whole = this.#have === 0 && piece.length === length;
      if (!whole && length <= maxMessageLength) this.#keep(piece, length);
      this.#have += piece.length;
      at = end;
      if (this.#have < length) return;
      const payload = length > maxMessageLength ? nothing : whole ? piece : this.#buffer.subarray(0, length);
      const streamId = this.#header.uint32(4);
      const type = this.#header.byte(8);
      this.#header.reset();
      this.#buffer = nothing; // it belongs to the message now
      this.#have = 0;
      take({ streamId, type, length, payload });
    }
  }

  /** Doubles a full buffer: the length in a header is not trusted before the bytes arrive. */
  #keep(piece: Uint8Array, length: number): void {
    const need = this.#have + piece.length;
    if (need > this.#buffer.length) {
      const grown = new Uint8Array(Math.min(length, Math.max(need, this.#buffer.length * 2, firstBuffer)));
      grown.set(this.#buffer.subarray(0, this.#have));
      this.#buffer = grown;
    }
    this.#buffer.set(piece, this.#have);
  }
}

/** Encodes a message without flags, as for unary calls. */
export function encodeMessage(streamId: number, type: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(messageHeaderLength + payload.length);
  writeUint32(bytes, 0, payload.length);
  writeUint32(bytes, 4, streamId);
  bytes[8] = type;
  if (payload.length > 0) bytes.set(payload, messageHeaderLength);
  return bytes;
}

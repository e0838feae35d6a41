import { NriError } from "../nri-error.ts";
import { HeaderReader, writeUint32 } from "./header.ts";
import { maxMessageLength, messageHeaderLength } from "./message.ts";

/**
 * The connections of one socket (containerd/nri, pkg/net/multiplex). A frame is `u32be connection, u32be
 * length` and the payload. Message boundaries are independent of frame boundaries.
 */
export const Connection = {
  /** The runtime calls the plugin. */
  plugin: 1,
  /** The plugin calls the runtime. */
  runtime: 2,
} as const;

const frameHeaderLength = 8;
/** Go's multiplexer splits payloads above this length. */
export const maxFrameLength = messageHeaderLength + maxMessageLength;
/** Buffer size of Go's reader, which accepts no frame larger than its read. */
const goBufferLength = 4096;

/** Splits the bytes of a socket into payloads per connection, without buffering. */
export class MuxDecoder {
  readonly #header = new HeaderReader(frameHeaderLength);
  #connection = 0;
  #left = 0;

  /**
   * Passes each piece of a payload to `take`, as a view of `chunk`.
   * @throws NriError "protocol" for a frame over `maxFrameLength`; the decoder is unusable afterwards
   */
  push(chunk: Uint8Array, take: (connection: number, piece: Uint8Array) => void): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#left === 0) {
        at = this.#header.take(chunk, at);
        if (!this.#header.complete) return;
        this.#connection = this.#header.uint32(0);
        this.#left = this.#header.uint32(4);
        this.#header.reset();
        if (this.#left > maxFrameLength)
          throw new NriError("protocol", `Cannot read a frame: ${this.#left} bytes, over ${maxFrameLength}`);
        continue;
      }
      const end = Math.min(chunk.length, at + this.#left);
      this.#left -= end - at;
      take(this.#connection, chunk.subarray(at, end));
      at = end;
    }
  }
}

/**
 * Frames a message like Go's buffered writer: up to 4096 bytes in one frame, otherwise 4096 bytes and the
 * rest. Go's reader fails on other frames over 4096 bytes.
 */
export function encodeFrames(connection: number, message: Uint8Array): Uint8Array {
  const first = Math.min(message.length, goBufferLength);
  const rest = message.length - first;
  const bytes = new Uint8Array(message.length + frameHeaderLength * (rest > 0 ? 2 : 1));
  putFrame(bytes, 0, connection, rest > 0 ? message.subarray(0, first) : message);
  if (rest > 0) putFrame(bytes, frameHeaderLength + first, connection, message.subarray(first));
  return bytes;
}

function putFrame(bytes: Uint8Array, at: number, connection: number, payload: Uint8Array): void {
  writeUint32(bytes, at, connection);
  writeUint32(bytes, at + 4, payload.length);
  bytes.set(payload, at + frameHeaderLength);
}

import { reasonOf } from "../nri-error.ts";
import type { Envelope, Request } from "./envelope.ts";
import { encodeMessage, type Message, MessageType, maxMessageLength } from "./message.ts";
import { type Status, StatusCode, tooLong } from "./status.ts";

/** Limits of unanswered calls and of their total size. Go's server has none. */
const maxCalls = 4096;
const maxHeldBytes = 64 << 20;

/** A call of the other side. */
export interface IncomingCall extends Request {
  readonly streamId: number;
}

/** The server side of a ttrpc connection (containerd/ttrpc, server.go), without I/O. */
export class Server {
  readonly #envelope: Envelope;
  readonly #send: (message: Uint8Array) => void;
  /** The length of each unanswered call, by stream ID. */
  readonly #open = new Map<number, number>();
  #heldBytes = 0;
  #lastStreamId = 0;

  /** @param send writes an encoded message */
  constructor(envelope: Envelope, send: (message: Uint8Array) => void) {
    this.#envelope = envelope;
    this.#send = send;
  }

  /** Returns the call in a message, or undefined if it is invalid. Invalid requests are answered here. */
  receive(message: Message): IncomingCall | undefined {
    const { streamId, length } = message;
    if (length > maxMessageLength) return this.#deny(streamId, tooLong(length, maxMessageLength));
    if (message.type !== MessageType.request) return undefined;
    const fault = this.#faultOf(message);
    if (fault) return this.#deny(streamId, fault);
    this.#lastStreamId = streamId;
    try {
      const { service, method, payload, timeoutMs } = this.#envelope.decodeRequest(message.payload);
      this.#open.set(streamId, length);
      this.#heldBytes += length;
      return { streamId, service, method, payload, timeoutMs };
    } catch (error) {
      const text = `unmarshal request error: ${reasonOf(error)}`;
      return this.#deny(streamId, { code: StatusCode.invalidArgument, message: text });
    }
  }

  /** Answers a call. Does nothing if it was already answered. */
  respond(streamId: number, payload: Uint8Array): void {
    if (!this.#close(streamId)) return;
    const response = this.#envelope.encodeResponse({ payload });
    if (response.length > maxMessageLength) this.#deny(streamId, tooLong(response.length, maxMessageLength));
    else this.#send(encodeMessage(streamId, MessageType.response, response));
  }

  /** Answers a call with an error. */
  refuse(streamId: number, status: Status): void {
    if (this.#close(streamId)) this.#deny(streamId, status);
  }

  /** Ends a call. Returns false if it is not open. */
  #close(streamId: number): boolean {
    this.#heldBytes -= this.#open.get(streamId) ?? 0;
    return this.#open.delete(streamId);
  }

  #faultOf({ streamId, length }: Message): Status | undefined {
    const invalid = (message: string) => ({ code: StatusCode.invalidArgument, message });
    if (streamId % 2 === 0) return invalid("StreamID must be odd for client initiated streams");
    if (streamId <= this.#lastStreamId) return invalid("StreamID cannot be re-used and must increment");
    if (this.#open.size < maxCalls && this.#heldBytes + length <= maxHeldBytes) return undefined;
    return { code: StatusCode.resourceExhausted, message: "too many calls under way" };
  }

  #deny(streamId: number, status: Status): undefined {
    const response = this.#envelope.encodeResponse({ status });
    this.#send(encodeMessage(streamId, MessageType.response, response));
  }
}

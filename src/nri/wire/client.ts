import { NriError, reasonOf } from "../nri-error.ts";
import type { Envelope, Request } from "./envelope.ts";
import { encodeMessage, type Message, MessageType, maxMessageLength } from "./message.ts";
import { tooLong } from "./status.ts";

/** The outcome of a call. */
export type Outcome = { readonly payload: Uint8Array } | { readonly error: NriError };

interface Waiting {
  readonly method: string;
  readonly endsMs: number;
  readonly done: (outcome: Outcome) => void;
}

/** The client side of a ttrpc connection (containerd/ttrpc, client.go), without I/O. */
export class Client {
  readonly #envelope: Envelope;
  readonly #send: (message: Uint8Array) => void;
  readonly #waiting = new Map<number, Waiting>();
  #streamId = 1;

  /** @param send writes an encoded message */
  constructor(envelope: Envelope, send: (message: Uint8Array) => void) {
    this.#envelope = envelope;
    this.#send = send;
  }

  /** Sends a call. `done` is called once, from `receive`, `expire` or `fail`, or now if it is too long. */
  call(call: Request, nowMs: number, done: Waiting["done"]): void {
    const { method, timeoutMs } = call;
    const request = this.#envelope.encodeRequest(call);
    if (request.length > maxMessageLength) {
      const { code, message } = tooLong(request.length, maxMessageLength);
      done({ error: new NriError("status", `Cannot call ${method}: ${message}`, { status: code }) });
      return;
    }
    const streamId = this.#streamId;
    this.#streamId += 2;
    this.#waiting.set(streamId, { method, endsMs: nowMs + timeoutMs, done });
    this.#send(encodeMessage(streamId, MessageType.request, request));
  }

  /** Takes an answer. Returns false if no call is waiting for it. */
  receive(message: Message): boolean {
    const waiting = this.#waiting.get(message.streamId);
    if (!waiting) return false;
    this.#waiting.delete(message.streamId);
    waiting.done(this.#outcomeOf(message, waiting.method));
    return true;
  }

  /** Ends the calls whose timeout is over. Returns the time of the next timeout, or infinity. */
  expire(nowMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [streamId, { method, endsMs, done }] of this.#waiting) {
      if (endsMs > nowMs) {
        nextMs = Math.min(nextMs, endsMs);
        continue;
      }
      this.#waiting.delete(streamId);
      done({ error: new NriError("timeout", `Cannot call ${method}: no answer in time`) });
    }
    return nextMs;
  }

  /** Ends all calls with an error. */
  fail(error: NriError): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { done } of all) done({ error });
  }

  #outcomeOf(message: Message, method: string): Outcome {
    if (message.length > maxMessageLength) {
      const { code, message: words } = tooLong(message.length, maxMessageLength);
      return { error: new NriError("status", `Cannot call ${method}: ${words}`, { status: code }) };
    }
    if (message.type !== MessageType.response)
      return { error: new NriError("protocol", `Cannot call ${method}: answered by type ${message.type}`) };
    try {
      const { status, payload } = this.#envelope.decodeResponse(message.payload);
      if (!status || status.code === 0) return { payload };
      const words = `Cannot call ${method}: ${status.message}`;
      return { error: new NriError("status", words, { status: status.code }) };
    } catch (error) {
      return { error: new NriError("protocol", `Cannot call ${method}: ${reasonOf(error)}`) };
    }
  }
}

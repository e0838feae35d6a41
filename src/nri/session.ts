import { printable } from "../log/printable.ts";
import type { Codec } from "./codec.ts";
import { PLUGIN_SERVICE, REGISTER_PLUGIN, RUNTIME_SERVICE } from "./names.ts";
import { NriError, reasonOf } from "./nri-error.ts";
import { Client, type Outcome } from "./wire/client.ts";
import { type Message, MessageDecoder } from "./wire/message.ts";
import { Connection, encodeFrames, MuxDecoder } from "./wire/mux.ts";
import { Server } from "./wire/server.ts";
import { type Status, StatusCode } from "./wire/status.ts";

/** The version of the API that this code implements. */
export const nriVersion = "v0.12.2";
/** Timeout of RegisterPlugin. */
const registrationTimeoutMs = 10_000;
/** The runtime's default request timeout, until Configure sets another one (nri, pkg/api/timeouts.go). */
const defaultRequestTimeoutMs = 2000;
/** The runtime's timer for a call starts before ours: it may close the connection this much earlier. */
const slackMs = 100;

export interface Identity {
  /** Such as "network-logger". */
  readonly name: string;
  /** Two digits. */
  readonly index: string;
}

/** A call of the runtime that is not answered yet. */
export interface Call {
  readonly id: number;
  /** The name of its handler. */
  readonly name: string;
  /** How long the runtime waits for the answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** What the owner of a session must do or report. */
export type Output<Content extends { readonly name: string }> =
  | { readonly kind: "write"; readonly bytes: Uint8Array }
  /** Close the connection. No outputs follow. */
  | { readonly kind: "close"; readonly error: NriError }
  /** Answer it with `respond` or `refuse`. */
  | { readonly kind: "call"; readonly call: Call; readonly content: Content }
  /** A call was not answered within the runtime's timeout. */
  | { readonly kind: "overdue"; readonly call: Call }
  /** A fault of the runtime that does not end the session. */
  | { readonly kind: "notice"; readonly text: string };

/**
 * The plugin's side of one connection to a runtime, without I/O: bytes and the time go in, `take` returns
 * what to do. All times are milliseconds of one monotonic clock.
 */
export class Session<Content extends { readonly name: string }> {
  readonly #codec: Codec<Content>;
  #outputs: Output<Content>[] = [];
  #closed = false;
  #spoken = false;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #requestTimeoutMs = defaultRequestTimeoutMs;
  readonly #mux = new MuxDecoder();
  readonly #decoders = new Map([
    [Connection.plugin as number, new MessageDecoder()],
    [Connection.runtime, new MessageDecoder()],
  ]);
  readonly #server: Server;
  readonly #client: Client;
  /** Unanswered calls, and when the runtime gives up on each; in order of arrival. */
  readonly #underWay = new Map<number, { readonly call: Call; readonly endsMs: number; reported: boolean }>();

  constructor(codec: Codec<Content>) {
    this.#codec = codec;
    this.#server = new Server(codec.envelope, (message) => this.#write(Connection.plugin, message));
    this.#client = new Client(codec.envelope, (message) => this.#write(Connection.runtime, message));
  }

  /** Returns the outputs since the last call. */
  take(): readonly Output<Content>[] {
    const outputs = this.#outputs;
    if (outputs.length > 0) this.#outputs = [];
    return outputs;
  }

  /** The runtime's request timeout from Configure. Values of 0 or less are ignored. */
  set requestTimeoutMs(timeoutMs: number) {
    if (timeoutMs > 0) this.#requestTimeoutMs = timeoutMs;
  }
  get requestTimeoutMs(): number {
    return this.#requestTimeoutMs;
  }

  /** "no-nri" until the other side has sent any NRI: the reason if the session ends now. */
  get silence(): "no-nri" | undefined {
    return this.#spoken ? undefined : "no-nri";
  }

  /** Registers with the runtime. */
  open(identity: Identity, nowMs: number): void {
    const payload = this.#codec.encodeRegistration(identity, nriVersion);
    this.call(REGISTER_PLUGIN, payload, registrationTimeoutMs, nowMs, (outcome) => {
      if (!("error" in outcome)) return;
      const { message, status } = outcome.error;
      const reason = status === undefined ? this.silence : "rejected";
      this.close(new NriError("registration", message, { reason, status }), nowMs);
    });
  }

  /** Calls a method of the runtime. `done` gets the outcome. */
  call(
    method: string,
    payload: Uint8Array,
    timeoutMs: number,
    nowMs: number,
    done: (outcome: Outcome) => void,
  ): void {
    if (this.#closed) {
      done({ error: new NriError("disconnected", `Cannot call ${method}: the connection is closed`) });
      return;
    }
    this.#wakeAtMs = Math.min(this.#wakeAtMs, nowMs + timeoutMs);
    this.#client.call({ service: RUNTIME_SERVICE, method, payload, timeoutMs }, nowMs, done);
  }

  /** Takes bytes from the socket. */
  receive(chunk: Uint8Array, nowMs: number): void {
    if (this.#closed) return;
    try {
      this.#mux.push(chunk, (connection, piece) => {
        this.#decoders.get(connection)?.push(piece, (message) => this.#take(connection, message, nowMs));
      });
    } catch (error) {
      this.close(new NriError("protocol", reasonOf(error), { reason: this.silence }), nowMs);
    }
  }

  /** The latest time to call `tick` next; infinite if nothing is waiting. */
  get wakeAtMs(): number {
    return this.#closed ? Number.POSITIVE_INFINITY : this.#wakeAtMs;
  }

  /** Checks for timeouts. */
  tick(nowMs: number): void {
    this.#wakeAtMs = this.#client.expire(nowMs);
    for (const one of this.#underWay.values()) {
      if (one.reported) continue;
      if (one.endsMs > nowMs) {
        this.#wakeAtMs = Math.min(this.#wakeAtMs, one.endsMs);
        continue;
      }
      one.reported = true;
      this.#outputs.push({ kind: "overdue", call: one.call });
    }
  }

  /** Answers a call with an encoded response. Does nothing if the call is not open any more. */
  respond(call: Call, payload: Uint8Array, nowMs: number): void {
    this.#finish(call, nowMs);
    this.#server.respond(call.id, payload);
  }

  /** Answers a call with an error. */
  refuse(call: Call, status: Status, nowMs: number): void {
    this.#finish(call, nowMs);
    this.#server.refuse(call.id, status);
  }

  /** Ends the session: the connection is lost or no longer needed. */
  close(error: NriError, nowMs: number): void {
    if (this.#closed) return;
    for (const { call } of [...this.#underWay.values()]) this.#finish(call, nowMs + slackMs);
    this.#closed = true;
    this.#client.fail(error);
    this.#outputs.push({ kind: "close", error });
  }

  #finish(call: Call, nowMs: number): void {
    const one = this.#underWay.get(call.id);
    this.#underWay.delete(call.id);
    if (one && !one.reported && one.endsMs <= nowMs) this.#outputs.push({ kind: "overdue", call });
  }

  #take(connection: number, message: Message, nowMs: number): void {
    if (this.#closed) return;
    if (connection === Connection.runtime) {
      if (this.#client.receive(message)) {
        this.#spoken = true;
        return;
      }
      this.#outputs.push({
        kind: "notice",
        text: `an answer to call ${message.streamId}, which nobody waits for`,
      });
      return;
    }
    const incoming = this.#server.receive(message);
    if (!incoming) return;
    const { streamId, service, method } = incoming;
    const timeoutMs = incoming.timeoutMs > 0 ? incoming.timeoutMs : this.#requestTimeoutMs;
    try {
      const known = service === PLUGIN_SERVICE;
      this.#spoken ||= known;
      const content = known ? this.#codec.decodeCall(method, incoming.payload) : undefined;
      if (content) this.#begin({ id: streamId, name: content.name, timeoutMs }, content, nowMs);
      else this.#refuseUnknown(streamId, known ? `method ${method}` : `service ${service}`);
    } catch (error) {
      const text = `ttrpc: error unmarshalling payload: ${reasonOf(error)}`;
      this.#server.refuse(streamId, { code: StatusCode.internal, message: text });
    }
  }

  #begin(call: Call, content: Content, nowMs: number): void {
    const endsMs = nowMs + call.timeoutMs;
    this.#wakeAtMs = Math.min(this.#wakeAtMs, endsMs);
    this.#underWay.set(call.id, { call, endsMs, reported: false });
    this.#outputs.push({ kind: "call", call, content });
  }

  #refuseUnknown(streamId: number, what: string): void {
    this.#outputs.push({ kind: "notice", text: `a call of unknown ${printable(what)}` });
    this.#server.refuse(streamId, { code: StatusCode.unimplemented, message: what });
  }

  #write(connection: number, message: Uint8Array): void {
    if (!this.#closed) this.#outputs.push({ kind: "write", bytes: encodeFrames(connection, message) });
  }
}

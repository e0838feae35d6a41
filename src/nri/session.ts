import { printable } from "../log/printable.ts";
import { decodeCall, type PluginCall } from "./calls.ts";
import { encode } from "./encode.ts";
import { Plugin, RegisterPluginRequestSchema, Runtime } from "./gen/api_pb.js";
import { NriError, reasonOf } from "./nri-error.ts";
import { Client, type Outcome } from "./wire/client.ts";
import { type Message, MessageDecoder } from "./wire/message.ts";
import { Connection, encodeFrames, MuxDecoder } from "./wire/mux.ts";
import { Server } from "./wire/server.ts";
import { type Status, StatusCode } from "./wire/status.ts";

/** The version of the API that is spoken here. */
export const nriVersion = "v0.12.2";
/** How long the answer to RegisterPlugin is waited for. */
const registrationTimeoutMs = 10_000;
/** A runtime's time for a request, until it has said another one (nri, pkg/api/timeouts.go). */
const defaultRequestTimeoutMs = 2000;
/** A runtime's clock for a call begins before ours: it may close the connection this much before we expect it. */
const slackMs = 100;

export interface Identity {
  /** "network-logger". */
  readonly name: string;
  /** Two digits. */
  readonly index: string;
}

/** A call of the runtime that is under way. */
export interface Call {
  readonly id: number;
  /** As its handler. */
  readonly name: PluginCall["name"];
  /** How long the runtime waits for the answer. */
  readonly timeoutMs: number;
}

/** What a session wants done, or tells. */
export type Output =
  | { readonly kind: "write"; readonly bytes: Uint8Array }
  /** The connection is of no use any more, and is to be closed. Nothing follows. */
  | { readonly kind: "close"; readonly error: NriError }
  /** To be answered by `respond` or `refuse`. */
  | { readonly kind: "call"; readonly call: Call; readonly content: PluginCall }
  /** A call has not been answered in the time the runtime gave it. */
  | { readonly kind: "overdue"; readonly call: Call }
  /** Something odd that is no reason to end. */
  | { readonly kind: "notice"; readonly text: string };

/**
 * A plugin's side of one connection to a runtime. It does no I/O: bytes and the time go in, `take` gives what is to be
 * done. All times are milliseconds of one clock that never goes back.
 */
export class Session {
  #outputs: Output[] = [];
  #closed = false;
  #spoken = false;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #requestTimeoutMs = defaultRequestTimeoutMs;
  readonly #mux = new MuxDecoder();
  readonly #decoders = new Map([
    [Connection.plugin as number, new MessageDecoder()],
    [Connection.runtime, new MessageDecoder()],
  ]);
  readonly #server = new Server((message) => this.#write(Connection.plugin, message));
  readonly #client = new Client((message) => this.#write(Connection.runtime, message));
  /** Calls under way, and when the runtime gives each up; in the order they came. */
  readonly #underWay = new Map<number, { readonly call: Call; readonly endsMs: number; told: boolean }>();

  /** What is to be done since it was last asked. */
  take(): readonly Output[] {
    const outputs = this.#outputs;
    if (outputs.length > 0) this.#outputs = [];
    return outputs;
  }

  /** How long the runtime waits for an answer, as it said in Configure. */
  set requestTimeoutMs(timeoutMs: number) {
    if (timeoutMs > 0) this.#requestTimeoutMs = timeoutMs;
  }
  get requestTimeoutMs(): number {
    return this.#requestTimeoutMs;
  }

  /** The reason of an end that comes before the other side has spoken any NRI. */
  get silence(): "no-nri" | undefined {
    return this.#spoken ? undefined : "no-nri";
  }

  /** Registers with the runtime. */
  open({ name, index }: Identity, nowMs: number): void {
    const fields = { pluginName: name, pluginIdx: index, NRIVersion: nriVersion };
    const payload = encode(RegisterPluginRequestSchema, fields);
    this.call(Runtime.method.registerPlugin.name, payload, registrationTimeoutMs, nowMs, (outcome) => {
      if (!("error" in outcome)) return;
      const { message, status } = outcome.error;
      const reason = status === undefined ? this.silence : "rejected";
      this.close(new NriError("registration", message, { reason, status }), nowMs);
    });
  }

  /** Calls a method of the runtime; `done` hears how it ended. */
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
    this.#client.call({ service: Runtime.typeName, method, payload, timeoutMs }, nowMs, done);
  }

  /** Takes what the socket gave. */
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

  /** When `tick` is to be called next, or before; infinite when nothing waits. */
  get wakeAtMs(): number {
    return this.#closed ? Number.POSITIVE_INFINITY : this.#wakeAtMs;
  }

  /** Looks for what has waited too long. */
  tick(nowMs: number): void {
    this.#wakeAtMs = this.#client.expire(nowMs);
    for (const one of this.#underWay.values()) {
      if (one.told) continue;
      if (one.endsMs > nowMs) {
        this.#wakeAtMs = Math.min(this.#wakeAtMs, one.endsMs);
        continue;
      }
      one.told = true;
      this.#outputs.push({ kind: "overdue", call: one.call });
    }
  }

  /** Answers a call with an encoded response. One that nobody waits for is dropped. */
  respond(call: Call, payload: Uint8Array, nowMs: number): void {
    this.#finish(call, nowMs);
    this.#server.respond(call.id, payload);
  }

  /** Answers a call with an error. */
  refuse(call: Call, status: Status, nowMs: number): void {
    this.#finish(call, nowMs);
    this.#server.refuse(call.id, status);
  }

  /** Ends the session: the connection is gone, or not wanted any more. */
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
    if (one && !one.told && one.endsMs <= nowMs) this.#outputs.push({ kind: "overdue", call });
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
      const known = service === Plugin.typeName;
      this.#spoken ||= known;
      const content = known ? decodeCall(method, incoming.payload) : undefined;
      if (content) this.#begin({ id: streamId, name: content.name, timeoutMs }, content, nowMs);
      else this.#refuseUnknown(streamId, known ? `method ${method}` : `service ${service}`);
    } catch (error) {
      const text = `ttrpc: error unmarshalling payload: ${reasonOf(error)}`;
      this.#server.refuse(streamId, { code: StatusCode.internal, message: text });
    }
  }

  #begin(call: Call, content: PluginCall, nowMs: number): void {
    const endsMs = nowMs + call.timeoutMs;
    this.#wakeAtMs = Math.min(this.#wakeAtMs, endsMs);
    this.#underWay.set(call.id, { call, endsMs, told: false });
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

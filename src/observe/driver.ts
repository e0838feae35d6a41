import { printable } from "../log/printable.ts";
import { maskOf } from "../nri/events.ts";
import { type NriError, reasonOf } from "../nri/nri-error.ts";
import type { Log } from "../nri/run-sessions.ts";
import {
  type Call,
  type Identity,
  type Output,
  nriVersion as ownNriVersion,
  Session,
} from "../nri/session.ts";
import { configuringText, overdueText, registeringText, startedText, titleOf } from "../nri/wording.ts";
import { FIELDS, type ObservedCall, type ObserverCodec, POD_CALLS } from "./codec.ts";
import type { Observer } from "./observer.ts";
import { MessageWriter } from "./wire-message.ts";

export interface DriverOptions {
  readonly identity: Identity;
  readonly codec: ObserverCodec;
  readonly observer: Observer;
  /** Uses the configuration that the runtime has for the plugin. */
  configure(config: string): void;
  readonly log: Log;
}

/** The I/O of a driver, as of the stub's (nri/driver.ts). */
export interface Port {
  write(bytes: Uint8Array): void;
  close(error: NriError): void;
  /** A monotonic clock, in milliseconds. */
  now(): number;
}

const NOTHING = new Uint8Array(0);
const MASK = maskOf(POD_CALLS); // every runtime knows these events

/**
 * Serves one session with the observer, which is done with an event at once. That is why this one is smaller than the
 * stub's driver: nothing is waited for, and whatever goes wrong here is logged and answered with success.
 */
export class ObserverDriver {
  readonly #options: DriverOptions;
  readonly #port: Port;
  readonly #session: Session<ObservedCall>;
  readonly #title: string;
  #synchronized = false;

  constructor(options: DriverOptions, port: Port) {
    this.#options = options;
    this.#port = port;
    this.#session = new Session(options.codec);
    this.#title = titleOf(options.identity);
  }

  /** Whether a Synchronize was answered, so that the runtime has accepted the plugin. */
  get synchronized(): boolean {
    return this.#synchronized;
  }

  /** "no-nri" until the other side has sent any NRI: the reason if the session ends now. */
  get silence(): "no-nri" | undefined {
    return this.#session.silence;
  }

  /** When to call `tick` next; see `Session.wakeAtMs`. */
  get wakeAtMs(): number {
    return this.#session.wakeAtMs;
  }

  open(): void {
    this.#options.log("info", registeringText(this.#title, ownNriVersion));
    this.#options.observer.reset();
    this.#session.open(this.#options.identity, this.#port.now());
    this.#pump();
  }

  receive(chunk: Uint8Array): void {
    this.#session.receive(chunk, this.#port.now());
    this.#pump();
  }

  tick(): void {
    this.#session.tick(this.#port.now());
    this.#pump();
  }

  close(error: NriError): void {
    this.#session.close(error, this.#port.now());
    this.#pump();
  }

  #pump(): void {
    for (let outputs = this.#session.take(); outputs.length > 0; outputs = this.#session.take())
      for (const output of outputs) this.#do(output);
  }

  #do(output: Output<ObservedCall>): void {
    const { log } = this.#options;
    switch (output.kind) {
      case "write":
        this.#port.write(output.bytes);
        break;
      case "close":
        this.#port.close(output.error);
        break;
      case "notice":
        log("warn", `The runtime sent ${output.text}`);
        break;
      case "overdue":
        log("warn", overdueText(output.call));
        break;
      case "call":
        this.#session.respond(output.call, this.#answer(output.call, output.content), this.#port.now());
        break;
      default:
        output satisfies never;
    }
  }

  #answer(call: Call, content: ObservedCall): Uint8Array {
    try {
      return this.#handle(content);
    } catch (thrown) {
      this.#options.log("error", `The handler ${call.name} failed: ${printable(reasonOf(thrown))}`);
      return content.name === "configure" ? subscription() : NOTHING;
    }
  }

  #handle(content: ObservedCall): Uint8Array {
    const { observer, log } = this.#options;
    switch (content.name) {
      case "configure": {
        const {
          config,
          runtimeName: name,
          runtimeVersion: version,
          nriVersion,
          requestTimeout,
        } = content.request;
        this.#session.requestTimeoutMs = requestTimeout;
        log("info", configuringText(this.#title, { name, version, nriVersion }));
        this.#options.configure(config);
        log("info", startedText(this.#title));
        return subscription();
      }
      case "synchronize": {
        const { more } = content.part;
        observer.synchronize(content.part);
        this.#synchronized ||= !more;
        return new MessageWriter().varint(FIELDS.synchronized.more, more ? 1 : 0).message;
      }
      case "shutdown":
        observer.shutdown();
        return NOTHING;
      case "other":
        return NOTHING;
      default:
        observer.pod(content.name, content.pod);
        return NOTHING;
    }
  }
}

/** A ConfigureResponse. */
function subscription(): Uint8Array {
  return new MessageWriter().varint(FIELDS.configured.events, MASK).message;
}

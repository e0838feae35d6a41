import { fromBinary } from "@bufbuild/protobuf";
import { printable } from "../log/printable.ts";
import { answerEvent, listOf, nothing } from "./answer.ts";
import type { PluginCall } from "./calls.ts";
import { encode } from "./encode.ts";
import { type EventName, eventNames, isEventName, knownEvents, maskOf } from "./events.ts";
import {
  type ConfigureRequest,
  ConfigureResponseSchema,
  type ContainerUpdate,
  Runtime,
  SynchronizeResponseSchema,
  UpdateContainersRequestSchema,
  UpdateContainersResponseSchema,
} from "./gen/api_pb.js";
import type { Context, Handlers, RuntimeInfo, UpdateInit } from "./handlers.ts";
import { type NriError, reasonOf } from "./nri-error.ts";
import { protobufCodec } from "./protobuf-codec.ts";
import type { LogLevel } from "./run-sessions.ts";
import { type Call, type Identity, nriVersion, type Output, Session } from "./session.ts";
import { Synchronization, type SynchronizePart } from "./synchronization.ts";
import { StatusCode } from "./wire/status.ts";
import { configuringText, overdueText, registeringText, startedText, titleOf } from "./wording.ts";

/** Timeout of UpdateContainers. */
const updateTimeoutMs = 10_000;

export interface DriverOptions {
  readonly handlers: Handlers;
  /**
   * True, or the names of handlers: an error of such a handler is also sent to the runtime, and fails the pod or
   * container. Otherwise it is only logged, and the runtime continues.
   */
  readonly failRequests: boolean | readonly (keyof Handlers)[];
  readonly log: (level: LogLevel, message: string) => void;
}

/** The I/O of a driver. */
export interface Port {
  write(bytes: Uint8Array): void;
  /** The session is over; no writes follow. */
  close(error: NriError): void;
  /** A monotonic clock, in milliseconds. */
  now(): number;
}

/** Serves one session with a plugin's handlers. */
export class Driver {
  readonly #options: DriverOptions;
  readonly #port: Port;
  readonly #session = new Session(protobufCodec);
  #runtime: RuntimeInfo = {
    ...{ name: "", version: "", nriVersion: "", config: "" },
    requestTimeoutMs: this.#session.requestTimeoutMs,
  };
  /** The Synchronize in progress. */
  #synchronization: { readonly state: Synchronization; readonly end: Promise<SynchronizeEnd> } | undefined;
  #synchronized = false;
  /** For the log, such as "10-network-logger". */
  #title = "";
  #pumping = false;

  constructor(options: DriverOptions, port: Port) {
    this.#options = options;
    this.#port = port;
  }

  /** Whether a Synchronize was answered with success, so that the runtime has accepted the plugin. */
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

  open(identity: Identity): void {
    this.#title = titleOf(identity);
    this.#options.log("info", registeringText(this.#title, nriVersion));
    this.#session.open(identity, this.#port.now());
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

  /** Changes containers. Returns those that the runtime could not change. */
  updateContainers(updates: readonly UpdateInit[]): Promise<ContainerUpdate[]> {
    return new Promise((resolve, reject) => {
      const payload = encode(UpdateContainersRequestSchema, { update: listOf(updates) });
      const { name } = Runtime.method.updateContainers;
      this.#session.call(name, payload, updateTimeoutMs, this.#port.now(), (outcome) => {
        if ("error" in outcome) return reject(outcome.error);
        try {
          resolve(fromBinary(UpdateContainersResponseSchema, outcome.payload).failed);
        } catch (error) {
          reject(error);
        }
      });
      this.#pump();
    });
  }

  /** Handles the outputs of the session until there are none. Handlers may re-enter it. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (let outputs = this.#session.take(); outputs.length > 0; outputs = this.#session.take())
        for (const output of outputs) this.#do(output);
    } finally {
      this.#pumping = false;
    }
  }

  #do(output: Output<PluginCall>): void {
    const { log } = this.#options;
    switch (output.kind) {
      case "write":
        this.#port.write(output.bytes);
        break;
      case "close":
        this.#synchronization?.state.fail(output.error);
        this.#port.close(output.error);
        break;
      case "notice":
        log("warn", `The runtime sent ${output.text}`);
        break;
      case "overdue":
        log("warn", overdueText(output.call));
        break;
      case "call":
        this.#call(output.call, output.content);
        break;
      default:
        output satisfies never;
    }
  }

  #call(call: Call, content: PluginCall): void {
    switch (content.name) {
      case "configure":
        this.#configure(call, content.request);
        break;
      case "synchronize":
        this.#synchronize(call, content.request);
        break;
      default:
        this.#answer(
          call,
          () => nothing,
          () => answerEvent(content, this.#options.handlers, this.#context(call)),
          subjectOf(content),
        );
    }
  }

  /**
   * Answers with the result of `run`. If that throws: `otherwise`, or with `failRequests` the error.
   * @param subject what the call is about, for the log
   */
  #answer(
    call: Call,
    otherwise: () => Uint8Array,
    run: () => Uint8Array | Promise<Uint8Array>,
    subject = "",
  ): void {
    const fail = (thrown: unknown) => {
      this.#failed(call, otherwise, thrown, subject);
      this.#pump();
    };
    try {
      const answer = run();
      if (answer instanceof Uint8Array) this.#session.respond(call, answer, this.#port.now());
      else
        answer.then((payload) => {
          this.#session.respond(call, payload, this.#port.now());
          this.#pump();
        }, fail);
    } catch (thrown) {
      fail(thrown);
    }
  }

  #failed(call: Call, otherwise: () => Uint8Array, thrown: unknown, subject: string): void {
    const message = reasonOf(thrown);
    this.#options.log("error", `The handler ${call.name} failed${printable(`${subject}: ${message}`)}`);
    if (this.#sendsErrors(call.name))
      this.#session.refuse(call, { code: StatusCode.unknown, message }, this.#port.now());
    else this.#session.respond(call, otherwise(), this.#port.now());
  }

  #sendsErrors(handler: string): boolean {
    const { failRequests } = this.#options;
    return typeof failRequests === "boolean" ? failRequests : failRequests.some((name) => name === handler);
  }

  #configure(call: Call, request: ConfigureRequest): void {
    const { handlers, log } = this.#options;
    this.#session.requestTimeoutMs = Number(request.requestTimeout);
    this.#runtime = {
      name: request.runtimeName,
      version: request.runtimeVersion,
      nriVersion: request.NRIVersion,
      config: request.config,
      requestTimeoutMs: this.#session.requestTimeoutMs,
    };
    log("info", configuringText(this.#title, this.#runtime));
    const handled = handledEvents(handlers);
    const subscribe = (names: readonly EventName[] = handled) => {
      const events = this.#maskFor(names.filter(isEventName));
      log("info", startedText(this.#title));
      return encode(ConfigureResponseSchema, { events });
    };
    this.#answer(call, subscribe, () => {
      const names = handlers.configure?.(this.#runtime);
      return names instanceof Promise ? names.then(subscribe) : subscribe(names);
    });
  }

  /** The mask of those events that this runtime knows. Never 0, which would subscribe to all events. */
  #maskFor(names: readonly EventName[]): number {
    const known = knownEvents(this.#runtime);
    const unknown = names.filter((name) => !known.includes(name));
    const runtime = printable(`${this.#runtime.name} ${this.#runtime.version}`);
    if (unknown.length > 0) this.#options.log("warn", `${runtime} does not have ${unknown.join(", ")}`);
    return maskOf(names.filter((name) => known.includes(name))) || maskOf(["removePodSandbox"]);
  }

  #synchronize(call: Call, part: SynchronizePart): void {
    const { state, end } = this.#synchronization ?? this.#beginSynchronization(call);
    if (part.more) {
      state.deliver(part, () => {
        this.#session.respond(call, encode(SynchronizeResponseSchema, { more: true }), this.#port.now());
        this.#pump();
      });
      return;
    }
    state.deliver(part, () => {});
    this.#synchronization = undefined;
    this.#answer(
      call,
      () => nothing,
      async () => {
        const { update, thrown } = await end;
        this.#synchronized = !(thrown && this.#sendsErrors("synchronize"));
        if (thrown) throw thrown.value;
        return encode(SynchronizeResponseSchema, { update });
      },
    );
  }

  #beginSynchronization(call: Call) {
    const state = new Synchronization();
    const begin = async () => this.#options.handlers.synchronize?.(state, this.#context(call));
    const end = begin()
      .then(
        (updates): SynchronizeEnd => ({ update: listOf(updates) }),
        (value: unknown): SynchronizeEnd => ({ update: [], thrown: { value } }),
      )
      .finally(() => state.skipRest());
    this.#synchronization = { state, end };
    return this.#synchronization;
  }

  #context(call: Call): Context {
    return {
      runtime: this.#runtime,
      timeoutMs: call.timeoutMs,
      updateContainers: (updates) => this.updateContainers(updates),
    };
  }
}

/** The events that have a handler. */
export function handledEvents(handlers: Handlers): EventName[] {
  return eventNames.filter((name) => handlers[name]);
}

/** " for NAMESPACE/POD, container NAME"; "" if the runtime has named neither. */
function subjectOf({ name, ...call }: PluginCall): string {
  const request = "request" in call ? call.request : {};
  const pod = "pod" in request ? request.pod : undefined;
  const container = "container" in request ? request.container : undefined;
  const names = [
    ...(pod?.name ? [`${pod.namespace}/${pod.name}`] : []),
    ...(container?.name ? [`container ${container.name}`] : []),
  ];
  return names.length > 0 ? ` for ${names.join(", ")}` : "";
}

interface SynchronizeEnd {
  readonly update: UpdateInit[];
  readonly thrown?: { readonly value: unknown };
}

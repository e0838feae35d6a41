import { asByteString, type ByteString, decodeUtf8, encodeUtf8 } from "../log/byte-string.ts";
import type { Codec } from "../nri/codec.ts";
import { eventNames, type Notification, notificationOf } from "../nri/events.ts";
import type { Envelope } from "../nri/wire/envelope.ts";
import type { PodReader } from "./pod-record.ts";
import { type FieldHost, FieldSet, MessageWriter, readVarint } from "./wire-message.ts";

/** The pod events that the observer subscribes to. */
export const POD_CALLS = ["runPodSandbox", "stopPodSandbox", "removePodSandbox"] as const;
export type PodCall = (typeof POD_CALLS)[number];

/** A ConfigureRequest. */
export interface Configuring {
  readonly config: string;
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  readonly nriVersion: string;
  /** Milliseconds. */
  readonly requestTimeout: number;
}

/** A part of a Synchronize: records of its pods, and how many containers it has. */
export interface SynchronizedPart {
  readonly more: boolean;
  readonly pods: readonly ByteString[];
  readonly containers: number;
}

/** A call of the runtime, as far as the observer looks at it. */
export type ObservedCall =
  | { readonly name: "configure"; readonly request: Configuring }
  | { readonly name: "synchronize"; readonly part: SynchronizedPart }
  | { readonly name: PodCall; readonly pod: ByteString }
  | { readonly name: "shutdown" }
  /** Answered, and nothing else. */
  | { readonly name: "other" };

/** The paths that the observer reads (request.proto of ttrpc, api.proto of NRI). A test compares them with the API. */
export const PATHS = {
  request: { service: [1], method: [2], payload: [3], timeoutNano: [-4] },
  response: { status: [1], code: [1, -1], message: [1, 2], payload: [2] },
  configure: { config: [1], runtimeName: [2], runtimeVersion: [3], requestTimeout: [-5], nriVersion: [6] },
  synchronize: { pods: [1], containers: [2], more: [-3] },
  stateChange: { event: [-1], pod: [2] },
  podRequest: { pod: [1] },
} as const;

/** The numbers of the fields that the observer writes. */
export const FIELDS = {
  request: { service: 1, method: 2, payload: 3, timeoutNano: 4 },
  response: { status: 1, payload: 2 },
  status: { code: 1, message: 2 },
  registration: { pluginName: 1, pluginIdx: 2, nriVersion: 3 },
  configured: { events: 2 },
  synchronized: { more: 2 },
} as const;

const NO_TEXT = asByteString("");
/** The events whose methods have their names. */
const METHODS = new Map(eventNames.map((name) => [name.charAt(0).toUpperCase() + name.slice(1), name]));

const NOTHING = new Uint8Array(0);

/** Reads ttrpc's messages and NRI's without the generated ones, which would be ten times the size of this. */
export class ObserverCodec implements Codec<ObservedCall> {
  readonly envelope: Envelope;
  readonly #host: FieldHost;
  readonly #pods: PodReader;
  readonly #configure: FieldSet;
  readonly #synchronize: FieldSet;
  readonly #stateChange: FieldSet;
  readonly #podRequest: FieldSet;

  constructor(host: FieldHost, pods: PodReader) {
    this.#host = host;
    this.#pods = pods;
    this.#configure = new FieldSet(host, Object.values(PATHS.configure));
    this.#synchronize = new FieldSet(host, Object.values(PATHS.synchronize));
    this.#stateChange = new FieldSet(host, Object.values(PATHS.stateChange));
    this.#podRequest = new FieldSet(host, Object.values(PATHS.podRequest));
    this.envelope = envelopeOf(host);
  }

  encodeRegistration({ name, index }: { readonly name: string; readonly index: string }, nriVersion: string) {
    const { registration } = FIELDS;
    return new MessageWriter()
      .bytes(registration.pluginName, encodeUtf8(name))
      .bytes(registration.pluginIdx, encodeUtf8(index))
      .bytes(registration.nriVersion, encodeUtf8(nriVersion)).message;
  }

  decodeCall(method: string, payload: Uint8Array): ObservedCall | undefined {
    switch (method) {
      case "StateChange":
        return this.#readStateChange(payload);
      case "Configure":
        return { name: "configure", request: this.#readConfigure(payload) };
      case "Synchronize":
        return { name: "synchronize", part: this.#readPart(payload) };
      case "Shutdown":
        return { name: "shutdown" };
      default: {
        const name = METHODS.get(method);
        return name && this.#notified(name, payload, this.#spansOf(this.#podRequest, payload, 0));
      }
    }
  }

  #readStateChange(payload: Uint8Array): ObservedCall {
    let event = 0;
    const pods: number[] = [];
    const spans = this.#stateChange.find(payload);
    for (let i = 0; i < spans.length; i += 3) {
      const [start = 0, end = 0] = [spans[i + 1], spans[i + 2]];
      if (spans[i] === 0) event = readVarint(payload, start, end);
      else pods.push(start, end);
    }
    return this.#notified(notificationOf(event), payload, pods);
  }

  #notified(
    name: Notification | string | undefined,
    payload: Uint8Array,
    pods: readonly number[],
  ): ObservedCall {
    if (name !== "runPodSandbox" && name !== "stopPodSandbox" && name !== "removePodSandbox")
      return { name: "other" };
    return { name, pod: this.#pods.keep(payload, pods) };
  }

  #readConfigure(payload: Uint8Array): Configuring {
    const texts = ["", "", "", "", ""];
    let requestTimeout = 0;
    this.#configure.read(payload, (path, start, end) => {
      if (path === 3) requestTimeout = readVarint(payload, start, end);
      else texts[path] = decodeUtf8(this.#host.text(payload, start, end, true));
    });
    const [config = "", runtimeName = "", runtimeVersion = "", , nriVersion = ""] = texts;
    return { config, runtimeName, runtimeVersion, requestTimeout, nriVersion };
  }

  #readPart(payload: Uint8Array): SynchronizedPart {
    const spans: number[] = [];
    let containers = 0;
    let more = false;
    this.#synchronize.read(payload, (path, start, end) => {
      if (path === 0) spans.push(start, end);
      else if (path === 1) containers++;
      else more = readVarint(payload, start, end) !== 0;
    });
    const pods: ByteString[] = [];
    for (let i = 0; i < spans.length; i += 2)
      pods.push(this.#pods.keep(payload, [spans[i] ?? 0, spans[i + 1] ?? 0]));
    return { more, pods, containers };
  }

  #spansOf(set: FieldSet, payload: Uint8Array, wanted: number): number[] {
    const spans: number[] = [];
    set.read(payload, (path, start, end) => {
      if (path === wanted) spans.push(start, end);
    });
    return spans;
  }
}

function envelopeOf(host: FieldHost): Envelope {
  const requests = new FieldSet(host, Object.values(PATHS.request));
  const responses = new FieldSet(host, Object.values(PATHS.response));
  const { request, response, status: statusFields } = FIELDS;
  return {
    encodeRequest: ({ service, method, payload, timeoutMs }) =>
      new MessageWriter()
        .bytes(request.service, encodeUtf8(service))
        .bytes(request.method, encodeUtf8(method))
        .bytes(request.payload, payload)
        .varint(request.timeoutNano, Math.round(timeoutMs * 1e6)).message,
    decodeRequest: (bytes) => {
      let [service, method] = [NO_TEXT, NO_TEXT];
      let [from, to, timeoutMs] = [0, 0, 0];
      requests.read(bytes, (path, start, end) => {
        if (path === 0) service = host.text(bytes, start, end, true);
        else if (path === 1) method = host.text(bytes, start, end, true);
        else if (path === 2) [from, to] = [start, end];
        else timeoutMs = readVarint(bytes, start, end) / 1e6;
      });
      return {
        service: textOf(host, service),
        method: textOf(host, method),
        payload: bytes.subarray(from, to),
        timeoutMs,
      };
    },
    encodeResponse: ({ payload, status }) => {
      if (!status && !payload?.length) return NOTHING; // of an event
      const writer = new MessageWriter();
      if (status) {
        const { message } = new MessageWriter()
          .varint(statusFields.code, status.code)
          .bytes(statusFields.message, encodeUtf8(status.message));
        writer.bytes(response.status, message);
      }
      return writer.bytes(response.payload, payload ?? NOTHING).message;
    },
    decodeResponse: (bytes) => {
      let status: { code: number; message: string } | undefined;
      let payload: Uint8Array = NOTHING;
      responses.read(bytes, (path, start, end) => {
        if (path === 3) payload = bytes.subarray(start, end);
        else if (path === 0) status ??= { code: 0, message: "" };
        else if (status && path === 1) status.code = readVarint(bytes, start, end);
        else if (status) status.message = decodeUtf8(host.text(bytes, start, end, true));
      });
      return { payload, status };
    },
  };
}

/** The text of UTF-8. Names of services and methods are plain. */
function textOf(host: FieldHost, bytes: ByteString): string {
  return host.isPlain(bytes) ? bytes : decodeUtf8(bytes);
}

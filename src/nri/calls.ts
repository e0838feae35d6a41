import { fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { type Notification, notificationOf } from "./events.ts";
import { type Container, Plugin, type PodSandbox, StateChangeEventSchema } from "./gen/api_pb.js";
import { readPart, type SynchronizePart } from "./synchronization.ts";

type Methods = typeof Plugin.method;
type Decoded = Exclude<keyof Methods, "stateChange" | "synchronize" | Notification>;

/** A call of the runtime, named after its handler, by StateChange or by its own method. */
export type PluginCall =
  | { [K in Decoded]: { readonly name: K; readonly request: MessageShape<Methods[K]["input"]> } }[Decoded]
  | { readonly name: Notification; readonly request: NotificationRequest }
  | { readonly name: "synchronize"; readonly request: SynchronizePart }
  /** A StateChange with an unknown event. */
  | { readonly name: "unknown" };

export interface NotificationRequest {
  readonly pod?: PodSandbox | undefined;
  readonly container?: Container | undefined;
}

const methods = new Map(Plugin.methods.map((method) => [method.name, method]));
const options = { readUnknownFields: false };

/**
 * Decodes a call. Returns undefined if the API has no such method.
 * @throws if the request cannot be decoded
 */
export function decodeCall(method: string, payload: Uint8Array): PluginCall | undefined {
  const description = methods.get(method);
  if (!description) return undefined;
  if (method === Plugin.method.synchronize.name) return { name: "synchronize", request: readPart(payload) };
  if (method === Plugin.method.stateChange.name) {
    const { event, pod, container } = fromBinary(StateChangeEventSchema, payload, options);
    const name = notificationOf(event);
    return name ? { name, request: { pod, container } } : { name: "unknown" };
  }
  const request = fromBinary(description.input, payload, options);
  // The name and the type of the request are from the same method.
  return { name: description.localName, request } as PluginCall;
}

import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { Adjustment } from "./adjustment.ts";
import type { PluginCall } from "./calls.ts";
import { encode } from "./encode.ts";
import {
  ContainerSchema,
  CreateContainerResponseSchema,
  LinuxResourcesSchema,
  PodSandboxSchema,
  StopContainerResponseSchema,
  UpdateContainerResponseSchema,
  ValidateContainerAdjustmentResponseSchema,
} from "./gen/api_pb.js";
import type { Context, Creation, Handlers, UpdateInit } from "./handlers.ts";

/** An empty response, valid for all methods. */
export const nothing = new Uint8Array(0);

type Answer = Uint8Array | Promise<Uint8Array>;
type Event = Exclude<PluginCall, { readonly name: "configure" | "synchronize" }>;

/** Calls an event's handler and encodes its result. Without a handler, the answer is success. */
export function answerEvent(event: Event, handlers: Handlers, context: Context): Answer {
  switch (event.name) {
    case "unknown":
      return nothing;
    case "shutdown":
      return after(handlers.shutdown?.(context), () => nothing);
    case "runPodSandbox":
    case "postUpdatePodSandbox":
    case "stopPodSandbox":
    case "removePodSandbox":
      return after(handlers[event.name]?.(podOf(event.request), context), () => nothing);
    case "postCreateContainer":
    case "startContainer":
    case "postStartContainer":
    case "postUpdateContainer":
    case "removeContainer": {
      const { request } = event;
      return after(handlers[event.name]?.(podOf(request), containerOf(request), context), () => nothing);
    }
    case "updatePodSandbox": {
      const { request } = event;
      const overhead = orEmpty(LinuxResourcesSchema, request.overheadLinuxResources);
      const resources = orEmpty(LinuxResourcesSchema, request.linuxResources);
      return after(handlers.updatePodSandbox?.(podOf(request), overhead, resources, context), () => nothing);
    }
    case "createContainer": {
      const { request } = event;
      return after(handlers.createContainer?.(podOf(request), containerOf(request), context), encodeCreation);
    }
    case "updateContainer": {
      const { request } = event;
      const resources = orEmpty(LinuxResourcesSchema, request.linuxResources);
      return after(
        handlers.updateContainer?.(podOf(request), containerOf(request), resources, context),
        (update) => encode(UpdateContainerResponseSchema, { update: listOf(update) }),
      );
    }
    case "stopContainer": {
      const { request } = event;
      return after(handlers.stopContainer?.(podOf(request), containerOf(request), context), (update) =>
        encode(StopContainerResponseSchema, { update: listOf(update) }),
      );
    }
    case "validateContainerAdjustment":
      return after(handlers.validateContainerAdjustment?.(event.request, context), (verdict) =>
        verdict
          ? encode(ValidateContainerAdjustmentResponseSchema, { reject: true, reason: verdict.reject })
          : nothing,
      );
    default:
      return event satisfies never;
  }
}

/** The updates that a handler returned; empty if it returned nothing. */
export function listOf(updates: readonly UpdateInit[] | undefined): UpdateInit[] {
  return [...(updates ?? [])];
}

/** Calls `next` with the result of a handler: immediately, unless the result is a promise. */
function after<T>(result: T | Promise<T>, next: (value: T) => Uint8Array): Answer {
  return result instanceof Promise ? result.then(next) : next(result);
}

function encodeCreation(creation: Creation | undefined): Uint8Array {
  if (!creation) return nothing;
  const { adjust, update, evict = [] } = creation;
  return encode(CreateContainerResponseSchema, {
    ...(adjust && { adjust: adjust instanceof Adjustment ? adjust.message : adjust }),
    update: listOf(update),
    evict: [...evict],
  });
}

function podOf(request: { readonly pod?: MessageShape<typeof PodSandboxSchema> | undefined }) {
  return orEmpty(PodSandboxSchema, request.pod);
}

function containerOf(request: { readonly container?: MessageShape<typeof ContainerSchema> | undefined }) {
  return orEmpty(ContainerSchema, request.container);
}

function orEmpty<S extends DescMessage>(schema: S, message: MessageShape<S> | undefined): MessageShape<S> {
  return message ?? create(schema);
}

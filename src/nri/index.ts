/**
 * Plugins of the Node Resource Interface (containerd, CRI-O).
 * @packageDocumentation
 */
export { Adjustment, type Device, type HookStage } from "./adjustment.ts";
export type { EventName, RuntimeVersion } from "./events.ts";
export * from "./gen/api_pb.js";
export type { Context, Creation, Handlers, RuntimeInfo, UpdateInit } from "./handlers.ts";
export { createPlugin, type NriPlugin, type PluginOptions, runPlugin } from "./nodejs/run-plugin.ts";
export { NriError, type NriErrorCode, type NriErrorDetails, type NriErrorReason } from "./nri-error.ts";
export { type Int, type Resources, updateOf } from "./resources.ts";
export type { LogLevel } from "./run-sessions.ts";
export type { Synchronization, SynchronizeItem } from "./synchronization.ts";

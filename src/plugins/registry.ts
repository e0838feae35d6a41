import type { SamplePlugin } from "./sample-plugin.ts";

/** A plugin in the list of `cnitap plugin`. */
export interface PluginEntry {
  /** The name of the plugin, and of an executable that is a link to cnitap. */
  readonly name: string;
  readonly summary: string;
  /** Its code, which other commands do not load. */
  load(): Promise<SamplePlugin>;
}

export const PLUGINS: readonly PluginEntry[] = [
  {
    name: "ulimit-adjuster",
    summary: "sets ulimits of containers, from annotations of their pods",
    load: async () => (await import("./ulimit-adjuster/plugin.ts")).ulimitAdjuster,
  },
  {
    name: "hook-injector",
    summary: "injects OCI hooks of the node into the containers that they are for",
    load: async () => (await import("./hook-injector/plugin.ts")).hookInjector,
  },
  {
    name: "logger",
    summary: "shows all events, and may mark new containers",
    load: async () => (await import("./logger/plugin.ts")).logger,
  },
  {
    name: "simple-logger",
    summary: "shows a line for each event",
    load: async () => (await import("./simple-logger/plugin.ts")).simpleLogger,
  },
];

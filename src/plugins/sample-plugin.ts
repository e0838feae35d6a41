import type { EventName } from "../nri/events.ts";
import type { GoFlag, GoValues } from "../nri/go-flags.ts";
import type { Handlers } from "../nri/handlers.ts";
import type { Fields, Level } from "../nri/logrus.ts";

/** What a plugin needs to start. */
export interface PluginStart {
  /** The values of its own flags and of those that all plugins have. */
  readonly flags: GoValues;
  /** Says something on standard error. Messages of the level debug are shown with `-verbose`. */
  say(level: Level, messages: string | readonly string[], fields?: Fields): void;
}

/** A plugin that is ready to serve a runtime. */
export interface StartedPlugin {
  readonly handlers: Handlers;
  /** The handlers whose errors fail a pod or container; default: none. */
  readonly failRequests?: readonly (keyof Handlers)[];
  /** The events to subscribe to; default: those that have handlers. */
  readonly events?: readonly EventName[];
  /** Releases what it holds, such as timers. Called once, after the last event. */
  end?(): void;
}

/** A plugin of the NRI project, as cnitap has it. */
export interface SamplePlugin {
  /** Its own flags, besides COMMON_FLAGS. */
  readonly flags: readonly GoFlag[];
  /** A command line without the program's name, for the help. */
  readonly example: string;
  /**
   * Called again, in place of what was started, if a runtime that launched the plugin has a configuration for it.
   * @throws {StartError} if it cannot start
   */
  start(start: PluginStart): StartedPlugin;
}

/** A reason why a plugin does not start. */
export class StartError extends Error {
  override name = "StartError";
}

/** The flag of all plugins that a configuration may have too. */
export const LOG_FILE_FLAG: GoFlag = {
  ...{ name: "log-file", kind: "string" },
  usage: "append messages to this file instead of standard error",
};

/** Further flags of all plugins. */
export const COMMON_FLAGS: readonly GoFlag[] = [
  { name: "idx", kind: "string", usage: "plugin index to register to NRI: two digits", shown: '"10"' },
  { name: "name", kind: "string", usage: "plugin name to register to NRI" },
  {
    ...{ name: "socket", kind: "string", usage: "the runtime's NRI socket" },
    shown: '"/var/run/nri/nri.sock"',
  },
  { name: "socket-path", kind: "string", usage: "the same as -socket" },
  {
    ...{ name: "once", kind: "bool" },
    usage: "exit when the runtime cannot be reached or goes away; the default under the plugin's own name",
  },
];

/** The flag of plugins with messages of the level debug. */
export const VERBOSE_FLAG: GoFlag = { name: "verbose", kind: "bool", usage: "enable verbose logging" };

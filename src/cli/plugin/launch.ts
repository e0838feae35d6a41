import { basename } from "node:path";
import { PLUGINS, type PluginEntry } from "../../plugins/registry.ts";
import { UsageError } from "../cli-error.ts";
import { escapeForTerminal } from "../io.ts";

/** A plugin to run, and its flags. */
export interface Launch {
  readonly entry: PluginEntry;
  readonly args: readonly string[];
  /** How the usage names the program. */
  readonly program: string;
  /** Whether the executable has the plugin's name. */
  readonly byName: boolean;
}

/**
 * The plugin that a command line asks for, by the executable's name or as `plugin NAME`; undefined if none.
 * @throws {UsageError} if there is no plugin of that name
 */
export function findLaunch(args: readonly string[], program: string): Launch | undefined {
  const file = basename(program);
  const named = pluginNamed(program);
  if (named) return { entry: named, args, program: file, byName: true };
  const [command, name, ...rest] = args;
  if (command !== "plugin" || name === undefined || name.startsWith("-")) return undefined;
  const entry = PLUGINS.find((one) => one.name === name);
  if (entry) return { entry, args: rest, program: `cnitap plugin ${name}`, byName: false };
  const names = PLUGINS.map((one) => one.name).join(", ");
  throw new UsageError(
    `Cannot run the plugin ${escapeForTerminal(name)}: there is none\nThere are ${names}; network-logger is cnitap observe.`,
  );
}

/** The plugin that has an executable's name, `name` or `NN-name`. */
export function pluginNamed(program: string): PluginEntry | undefined {
  const file = basename(program);
  return PLUGINS.find(({ name }) => file === name) ?? PLUGINS.find(({ name }) => isIndexed(file, name));
}

/** Whether a file is named `NN-name`, as runtimes want it. A wrong index is complained about later. */
function isIndexed(file: string, name: string): boolean {
  const index = file.endsWith(`-${name}`) ? file.slice(0, -name.length - 1) : "";
  return /^\w{1,2}$/.test(index);
}

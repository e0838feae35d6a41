import type { IdentityOptions, PluginEnvironment } from "../nri/identity.ts";

const NAME = "network-logger";
const INDEX = "10";

/** Whether cnitap was started under the name of the plugin, `network-logger` or `10-network-logger`. */
export function hasPluginName(program: string): boolean {
  return /^(?:[^-]*-)?network-logger$/.test(basename(program));
}

/** Whether this process was started as the plugin, so that all its arguments are those of the plugin. */
export function isPlugin(args: readonly string[], program: string, env: PluginEnvironment): boolean {
  return hasPluginName(program) || (args.length === 0 && Boolean(env.NRI_PLUGIN_SOCKET));
}

/**
 * Adds the default name and index if neither flags, nor the runtime, nor the program's name give one.
 * @param plugin the plugin's own name
 */
export function withDefaults(
  { name, index }: IdentityOptions,
  env: PluginEnvironment,
  program: string,
  plugin = NAME,
): IdentityOptions {
  const file = basename(program);
  const indexInName = file.endsWith(`-${plugin}`) && !file.slice(0, -plugin.length - 1).includes("-");
  const named = indexInName || file === plugin;
  return {
    name: name ?? (env.NRI_PLUGIN_NAME || named ? undefined : plugin),
    index: index ?? (env.NRI_PLUGIN_IDX || indexInName ? undefined : INDEX),
  };
}

function basename(path: string): string {
  return path.split("/").at(-1) ?? "";
}

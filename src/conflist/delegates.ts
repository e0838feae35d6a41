import type { Network } from "./network.ts";
import { entryOf, isProgram } from "./tap-entries.ts";
import { typeOf } from "./wrapped-plugin.ts";

/** Members whose value is a plugin's configuration, or a list of them, that another plugin hands on. */
const HANDED_ON: readonly string[] = ["ipam", "delegate", "delegates"];

/** Names of executables. Others cannot be links in a folder, or are none of a plugin. */
const LEGAL_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/;

/**
 * The plugins that a network's plugins start themselves: their IPAM, and the delegates of meta plugins such as
 * multus (a plugin, several, or whole lists).
 */
export function delegatesOf(network: Network): string[] {
  const found = new Set<string>();
  for (const plugin of network.plugins) {
    const entry = entryOf(network, plugin);
    collect(entry, found);
    // Without a type, flannel starts bridge.
    if (typeOf(plugin) === "flannel" && !hasType(entry.delegate)) found.add("bridge");
  }
  return [...found].filter((type) => LEGAL_NAME.test(type) && !isProgram(type)).sort();
}

/** Adds the delegates that an object names at any depth. Recursion ends since parseJson limits the depth. */
function collect(value: unknown, found: Set<string>): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (HANDED_ON.includes(key)) for (const one of configurationsIn(inner)) found.add(one);
    collect(inner, found);
  }
}

/** The types of a configuration, of an array of them, or of the `plugins` of lists. */
function configurationsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(configurationsIn);
  if (typeof value !== "object" || value === null) return [];
  const { type, plugins } = Object.fromEntries(Object.entries(value));
  return [
    ...(typeof type === "string" ? [type] : []),
    ...(Array.isArray(plugins) ? configurationsIn(plugins) : []),
  ];
}

function hasType(value: unknown): boolean {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

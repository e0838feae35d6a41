import type { Network } from "./network.ts";
import { entryOf, isProgram } from "./tap-entries.ts";
import { typeOf } from "./wrapped-plugin.ts";

/** Members whose value is a plugin's configuration, or a list of them, that another plugin hands on. */
const HANDED_ON: readonly string[] = ["ipam", "delegate", "delegates"];

/** Names of executables. Others cannot be links in a folder, or are none of a plugin. */
const LEGAL_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/;

/** The configuration of a plugin that a network starts. */
export interface Stanza {
  readonly type: string;
  readonly keys: Readonly<Record<string, unknown>>;
}

/**
 * The configurations of the plugins that a network's plugins start themselves: their IPAM, and the delegates of meta plugins
 * such as multus (a plugin, several, or whole lists).
 */
function delegateStanzas(network: Network): Stanza[] {
  return network.plugins.flatMap((plugin) => {
    const found: Stanza[] = [];
    const entry = entryOf(network, plugin);
    collect(entry, found);
    // Without a type, flannel starts bridge.
    if (typeOf(plugin) === "flannel" && !hasType(entry.delegate)) found.push({ type: "bridge", keys: {} });
    return found.filter(({ type }) => LEGAL_NAME.test(type) && !isProgram(type));
  });
}

/** The plugins that a network's plugins start themselves. */
export function delegatesOf(network: Network): string[] {
  return [...new Set(delegateStanzas(network).map(({ type }) => type))].sort();
}

/** The configurations of all plugins that a network starts, but of cnitap's own: of its list, and of their delegates. */
export function stanzasOf(network: Network): Stanza[] {
  const own = network.plugins.flatMap((plugin): Stanza[] => {
    const type = typeOf(plugin);
    return type === null || isProgram(type) ? [] : [{ type, keys: entryOf(network, plugin) }];
  });
  return [...own, ...delegateStanzas(network)];
}

/** Adds the delegates that an object names at any depth. Recursion ends since parseJson limits the depth. */
function collect(value: unknown, found: Stanza[]): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (HANDED_ON.includes(key)) found.push(...configurationsIn(inner));
    collect(inner, found);
  }
}

/** A configuration, an array of them, or the `plugins` of lists. */
function configurationsIn(value: unknown): Stanza[] {
  if (Array.isArray(value)) return value.flatMap(configurationsIn);
  if (typeof value !== "object" || value === null) return [];
  const keys = Object.fromEntries(Object.entries(value));
  const { type, plugins } = keys;
  return [
    ...(typeof type === "string" ? [{ type, keys }] : []),
    ...(Array.isArray(plugins) ? configurationsIn(plugins) : []),
  ];
}

function hasType(value: unknown): boolean {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

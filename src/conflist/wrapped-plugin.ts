import { type JsonScalar, memberOf } from "./json.ts";
import type { Plugin } from "./network.ts";

/*
 * A wrapped plugin has the type of the wrapper, and its own type in a member that only the wrapper reads:
 *   {"type": "cni_wrap", "cniTap": {"type": "calico", "logFormat": "json"}, …}
 */

/** The type of a wrapped plugin's entry, which is also the name of the executable. */
export const WRAPPER = "cni_wrap";

/** The member of a wrapped plugin's entry with its own type and the keys of the log. */
export const WRAP_KEY = "cniTap";

export function isWrapped(plugin: Plugin): boolean {
  return plugin.type === WRAPPER;
}

/** The type of the plugin itself, wrapped or not; null for a wrapper that names no plugin. */
export function typeOf(plugin: Plugin): string | null {
  if (!isWrapped(plugin)) return plugin.type;
  const type = wrappedType(plugin);
  return type === null ? null : String(type.value);
}

/** The token of a wrapped plugin's own type, as it is written; null if there is none. */
export function wrappedType({ value }: Plugin): JsonScalar | null {
  const keys = memberOf(value, WRAP_KEY);
  const type = keys?.kind === "object" ? memberOf(keys, "type") : undefined;
  return type?.kind === "scalar" && typeof type.value === "string" && type.value !== "" ? type : null;
}

import type { Network, Plugin } from "./network.ts";
import { isWrapped, typeOf } from "./wrapped-plugin.ts";

/** The plugin types of the taps, which are also the names of their executables. */
export type TapType = "cni_pre" | "cni_post";

/** The names of all executables that cnitap installs as plugins. */
export type ProgramType = TapType | "cni_wrap";

/** The keys of a tap's entry besides its type. */
export type StanzaEntry = Readonly<
  Record<string, string | number | boolean | Readonly<Record<string, boolean>>>
>;

/** The wrappers that a network should have. */
export interface DesiredWrap {
  /** The keys of each `cniTap` besides its type. */
  readonly keys: StanzaEntry;
  /** The plugins to wrap, by type; null for all. */
  readonly only: readonly string[] | null;
}

/** The taps that a network should have, each with its keys; null for none. */
export interface DesiredTaps {
  readonly pre: StanzaEntry | null;
  readonly post: StanzaEntry | null;
  readonly wrap: DesiredWrap | null;
}

export const NO_TAPS: DesiredTaps = { pre: null, post: null, wrap: null };

export function isTap(type: string): type is TapType {
  return type === "cni_pre" || type === "cni_post";
}

/** Whether a type is one of cnitap's executables. */
export function isProgram(type: string): type is ProgramType {
  return isTap(type) || type === "cni_wrap";
}

/** Which taps a network has. `wrap`: at least one of its plugins is wrapped. */
export type Mode = "both" | "post" | "pre" | "wrap" | "none";

export function modeOf(network: Network): Mode {
  const has = (type: TapType) => network.plugins.some((plugin) => plugin.type === type);
  if (network.plugins.some(isWrapped)) return "wrap";
  if (has("cni_pre")) return has("cni_post") ? "both" : "pre";
  return has("cni_post") ? "post" : "none";
}

/** The types of all executables that a network's plugins need, in order: a wrapper, and what it starts. */
export function neededTypes(network: Network): string[] {
  return network.plugins.flatMap((plugin) => {
    const behind = typeOf(plugin);
    return isWrapped(plugin) ? [plugin.type, ...(behind === null ? [] : [behind])] : [plugin.type];
  });
}

/** The parsed entry of a plugin, including its type. */
export function entryOf(network: Network, plugin: Plugin): Record<string, unknown> {
  return JSON.parse(network.text.slice(plugin.value.start, plugin.value.end));
}

/** The entries with a tap's keys: those of the taps themselves, and the `cniTap` of each wrapped plugin. */
export function tapStanzas(network: Network): Record<string, unknown>[] {
  return network.plugins.flatMap((plugin) => {
    const entry = entryOf(network, plugin);
    if (isTap(plugin.type)) return [entry];
    const { cniTap } = entry;
    return isWrapped(plugin) && typeof cniTap === "object" && cniTap !== null
      ? [Object.fromEntries(Object.entries(cniTap))]
      : [];
  });
}

/** The capabilities that the other plugins declare as true, for which a runtime may give values. */
export function declaredCapabilities(network: Network): Record<string, boolean> {
  const found: Record<string, boolean> = {};
  for (const plugin of network.plugins) {
    if (isTap(plugin.type)) continue;
    const { capabilities } = entryOf(network, plugin);
    if (typeof capabilities !== "object" || capabilities === null) continue;
    for (const [name, value] of Object.entries(capabilities)) if (value === true) found[name] = true;
  }
  return found;
}

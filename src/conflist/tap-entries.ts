import type { Network, Plugin } from "./network.ts";

/** The plugin types of the taps, which are also the names of their executables. */
export type TapType = "cni_pre" | "cni_post";

/** The keys of a tap's entry besides its type. */
export type StanzaEntry = Readonly<
  Record<string, string | number | boolean | Readonly<Record<string, boolean>>>
>;

/** The taps that a network should have, each with its keys; null for none. */
export interface DesiredTaps {
  readonly pre: StanzaEntry | null;
  readonly post: StanzaEntry | null;
}

export const NO_TAPS: DesiredTaps = { pre: null, post: null };

export function isTap(type: string): type is TapType {
  return type === "cni_pre" || type === "cni_post";
}

/** Which taps a network has. */
export type Mode = "both" | "post" | "pre" | "none";

export function modeOf(network: Network): Mode {
  const has = (type: TapType) => network.plugins.some((plugin) => plugin.type === type);
  if (has("cni_pre")) return has("cni_post") ? "both" : "pre";
  return has("cni_post") ? "post" : "none";
}

/** The parsed entry of a plugin, including its type. */
export function entryOf(network: Network, plugin: Plugin): Record<string, unknown> {
  return JSON.parse(network.text.slice(plugin.value.start, plugin.value.end));
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

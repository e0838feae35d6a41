import type { Network } from "./network.ts";
import { entryOf, isTap } from "./tap-entries.ts";

/** A reason why cni_pre must not be first in a network. */
export interface Hazard {
  readonly plugin: string;
  /** What would happen, as a clause. */
  readonly reason: string;
}

/**
 * Returns null if there is none. The first plugin gives the next one a prevResult. Two plugins fail with a
 * prevResult when they are the main plugin: cilium-cni outside chaining mode, and ipvlan without `master`.
 */
export function hazardOf(network: Network): Hazard | null {
  const main = network.plugins.find((plugin) => !isTap(plugin.type));
  if (!main) return null;
  const entry = entryOf(network, main);
  const mode = entry["chaining-mode"];
  if (main.type === "cilium-cni" && (mode === undefined || mode === "" || mode === "none")) {
    return { plugin: main.type, reason: "cilium-cni outside chaining mode refuses a plugin before it" };
  }
  if (main.type === "ipvlan" && !entry.master) {
    return {
      plugin: main.type,
      reason: "ipvlan without master takes its interface from the plugin before it, and cni_pre has none",
    };
  }
  return null;
}

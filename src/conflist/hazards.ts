import type { Network } from "./network.ts";
import { entryOf, isTap } from "./tap-entries.ts";
import { typeOf } from "./wrapped-plugin.ts";

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
  const type = typeOf(main);
  if (type === "cilium-cni" && !isChained(entry)) {
    return { plugin: type, reason: "cilium-cni outside chaining mode refuses a plugin before it" };
  }
  if (type === "ipvlan" && !entry.master) {
    return {
      plugin: type,
      reason: "ipvlan without master takes its interface from the plugin before it, and cni_pre has none",
    };
  }
  return null;
}

/** Whether an entry of cilium-cni is in chaining mode. */
function isChained({ "chaining-mode": mode }: Readonly<Record<string, unknown>>): boolean {
  return mode !== undefined && mode !== "" && mode !== "none";
}

/** A plugin that other programs look for by its type in the list, and so do not find when it is wrapped. */
export interface Sought {
  readonly plugin: string;
  /** Who looks for it, and what happens, as a clause. */
  readonly reason: string;
}

/** The plugins of a network that others look for by their type, wrapped or not. */
export function soughtPlugins(network: Network): Sought[] {
  return network.plugins.flatMap((plugin): Sought[] => {
    switch (typeOf(plugin)) {
      case "istio-cni":
      case "linkerd-cni":
        return [
          {
            plugin: String(typeOf(plugin)),
            reason:
              "its installer looks for this type in the list, and adds itself once more if it is not there",
          },
        ];
      case "cilium-cni":
        if (!isChained(entryOf(network, plugin))) return [];
        return [
          {
            plugin: "cilium-cni",
            reason:
              "the agent, in chaining mode, looks for this type in the list and may write the list again",
          },
        ];
      default:
        return [];
    }
  });
}

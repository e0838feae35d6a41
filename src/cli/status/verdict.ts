import { isTap } from "../../conflist/taps.ts";
import { EXIT } from "../io.ts";
import type { NetworkStatus, Status } from "./gather.ts";

/** The network that pods get: containerd's choice where the two differ, since it is the stricter one. */
export function usedNetwork({ networks }: Status): NetworkStatus | undefined {
  return (
    networks.find(({ usedBy }) => usedBy.includes("containerd")) ??
    networks.find(({ usedBy }) => usedBy.length > 0)
  );
}

/** 0 patched, 3 not patched, 1 broken: no network can be loaded, or its taps' executables are missing. */
export function verdict(status: Status, name?: string): 0 | 1 | 3 {
  const network = name === undefined ? usedNetwork(status) : status.networks.find((one) => one.name === name);
  if (!network) return EXIT.failed;
  if (name === undefined && status.broken.length > 0 && !network.usedBy.includes("containerd"))
    return EXIT.failed;
  if (network.mode === "none") return EXIT.found;
  const missing = status.executables.filter(({ state }) => state === "missing");
  return missing.some(({ type }) => isTap(type) && network.plugins.includes(type)) ? EXIT.failed : EXIT.fine;
}

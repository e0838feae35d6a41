import { EXIT } from "../io.ts";
import type { NetworkStatus, Status } from "./gather-status.ts";

/** 0 patched, 3 not patched, 1 broken: no network can be loaded, or its taps' executables are missing. */
export function verdict(status: Status, name?: string): 0 | 1 | 3 {
  const isMeant = (one: NetworkStatus) => (name === undefined ? one.usedBy.length > 0 : one.name === name);
  const network = status.networks.find(isMeant);
  if (!network || (name === undefined && status.withoutNetwork.length > 0)) return EXIT.failed;
  if (network.mode === "none") return EXIT.found;
  const missing = status.executables.filter(({ state }) => state === "missing");
  return missing.some(({ type }) => network.plugins.includes(type)) ? EXIT.failed : EXIT.fine;
}

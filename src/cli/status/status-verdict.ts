import type { ProgramType } from "../../conflist/tap-entries.ts";
import { WRAPPER } from "../../conflist/wrapped-plugin.ts";
import { EXIT } from "../io.ts";
import type { NetworkStatus, Status } from "./gather-status.ts";

/** The exit code: 0 taps, 3 no taps, 1 no network, or its taps' executables are missing. */
export function verdict(status: Status, name?: string): 0 | 1 | 3 {
  const matches = (one: NetworkStatus) => (name === undefined ? one.usedBy.length > 0 : one.name === name);
  const network = status.networks.find(matches);
  if (!network || (name === undefined && status.withoutNetwork.length > 0)) return EXIT.failed;
  if (network.mode === "none") return EXIT.found;
  const missing = status.executables.filter(({ state }) => state === "missing");
  const calls = (type: ProgramType) =>
    type === WRAPPER ? network.wrapped.length > 0 : network.plugins.includes(type);
  return missing.some(({ type }) => calls(type)) ? EXIT.failed : EXIT.fine;
}

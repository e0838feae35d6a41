import { readAddress } from "../../story/address.ts";
import { listed } from "../../story/findings/finding.ts";
import type { NodeFacts, Range } from "../facts.ts";
import { isGiven, sizeOf } from "../pools.ts";
import type { Reservation } from "../reservations.ts";
import { byDirectory, lockedRemoval, type ReservationSuspect } from "./ipam-empty.ts";
import { type Look, nodeCheck, nodeFinding } from "./node-finding.ts";

export interface Stale extends ReservationSuspect {
  readonly file: Reservation;
  readonly beforeBoot: boolean;
}

/** Files of host-local whose pod is gone without a DEL. */
export function staleOf({ facts, lives }: Look): Stale[] {
  return facts.reservations.flatMap((directory) =>
    directory.files.flatMap((file): Stale[] => {
      const { containerId, path, address, mtimeMs } = file;
      if (containerId === null || !lives.isGone(containerId)) return [];
      const beforeBoot = facts.bootMs !== null && mtimeMs < facts.bootMs;
      // With a cached attachment from after the boot, it is a leak, or libcni's cache has an orphan.
      if (lives.hasCachedAttachment(containerId) && !beforeBoot) return [];
      return [{ key: `${path} ${containerId}`, directory, path, address, mtimeMs, file, beforeBoot }];
    }),
  );
}

/** Addresses are taken by pods that are gone: after a reboot nobody calls DEL (kubernetes#108121, k3s#5885). */
export const ipamStale = nodeCheck(staleOf, (suspects, { facts }) =>
  byDirectory(suspects).map(([directory, all]) => {
    const files = all.map(({ path }) => path);
    const old = all.filter(({ beforeBoot }) => beforeBoot).length;
    const part = files.length === 1 ? "" : `${old === files.length ? "all" : old} of them `;
    const since = old === 0 ? "" : `, ${part}since before the last boot`;
    const [are, pods] = files.length === 1 ? ["is", "a pod that is"] : ["are", "pods that are"];
    const share = shareOf(all, directory.path, facts);
    const count = files.length === 1 ? "1 address" : `${files.length} addresses`;
    const repair = old === 0 ? "" : "cnitap audit --node --repair, or ";
    return nodeFinding({
      ...{ code: "ipam-stale", severity: "warning", plugin: "host-local", network: directory.network, files },
      brief: "addresses are taken by pods that are gone",
      sentence: `${count}${share} of network ${directory.network} ${are} taken by ${pods} gone${since}: ${listed(all.map(({ address }) => address))}`,
      advice: `${repair}${lockedRemoval(directory.path, files)}: only the record that the address is taken is lost.`,
    });
  }),
);

/** ` of 253`, where it is known how many the range has. */
function shareOf(all: readonly Stale[], directory: string, facts: NodeFacts): string {
  const ranges = facts.pools
    .filter(({ dataDir, network }) => `${dataDir}/${network}` === directory)
    .flatMap(({ sets }) => sets.flat())
    .filter((range) => all.some(({ address }) => isIn(range, address)));
  const size = ranges.reduce((sum, range) => sum + sizeOf(range), 0n);
  return size === 0n ? "" : ` of ${size}`;
}

function isIn(range: Range, text: string): boolean {
  const address = readAddress(text);
  return address !== null && isGiven(range, address);
}

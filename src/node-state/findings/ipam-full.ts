import { readAddress } from "../../story/address.ts";
import type { Pool, Range } from "../facts.ts";
import { isGiven, sizeOf } from "../pools.ts";
import type { Reservation } from "../reservations.ts";
import { staleOf } from "./ipam-stale.ts";
import { nodeCheck, nodeFinding, type Suspect } from "./node-finding.ts";

interface Full extends Suspect {
  readonly pool: Pool;
  readonly set: readonly Range[];
  readonly taken: readonly Reservation[];
  readonly directory: string;
}

/** host-local has no address left to give (k3s#4682). */
export const ipamFull = nodeCheck(
  ({ facts }): Full[] =>
    facts.pools.flatMap((pool) => {
      const path = `${pool.dataDir}/${pool.network}`;
      const directory = facts.reservations.find((one) => one.path === path);
      const files = (directory?.files ?? []).map((file) => ({ file, address: readAddress(file.address) }));
      return pool.sets.flatMap((set): Full[] => {
        const taken = files.filter(
          ({ address }) => address !== null && set.some((range) => isGiven(range, address)),
        );
        const size = set.reduce((sum, range) => sum + sizeOf(range), 0n);
        if (BigInt(taken.length) < size || taken.length === 0) return [];
        const key = `${path} ${wordsOf(set)}`;
        return [{ key, pool, set, taken: taken.map(({ file }) => file), directory: path }];
      });
    }),
  (full, look) => {
    const stale = new Set(staleOf(look).map(({ path }) => path));
    return full.map(({ pool, set, taken, directory }) => {
      const idle = taken.filter(({ path, containerId }) => containerId === null || stale.has(path)).length;
      const [are, them] = idle === 1 ? ["is", "it"] : ["are", "them"];
      const whose = idle === 0 ? "" : `, of which ${idle} ${are} nobody's`;
      return nodeFinding({
        ...{
          code: "ipam-full",
          severity: "error",
          plugin: "host-local",
          network: pool.network,
          files: [directory],
        },
        brief: `no address is left in ${wordsOf(set)}`,
        sentence: `Network ${pool.network} has no address left in ${wordsOf(set)}: all ${taken.length} are taken${whose}`,
        advice:
          idle === 0
            ? `Give ${pool.file} a larger range, or run fewer pods on this node; until then no pod of the network starts.`
            : `Free ${them} (ipam-empty and ipam-stale say how); until then no pod of the network starts.`,
      });
    });
  },
);

function wordsOf(set: readonly Range[]): string {
  return set.map(({ words }) => words).join(", ");
}

import { readAddress } from "../address.ts";
import { isAdded, type Pod, type Who } from "../pod.ts";
import type { LineNumber } from "../story.ts";
import { givenTo } from "./addresses.ts";
import { about, type Check, inNetwork, type MakeCheck, podName } from "./finding.ts";

/** So many pods before and after one are its neighbours, and so many of all of them must have both families. */
const EACH_SIDE = 10;
const LEAST_WITH_BOTH = 16;

interface Given {
  readonly who: Who;
  readonly families: 0 | 4 | 6 | 10;
  readonly line: LineNumber;
  readonly timeMs: number | null;
}

/** A pod lacks a family that its neighbours have: an address range is used up, or a runtime asked for one only. */
export const resultFamily: MakeCheck = (_log, report): Check => {
  const networks = new Map<string | null, Given[]>();
  return {
    pod: ({ who, attached: all }: Pod) => {
      for (const attached of all) {
        const { add, network } = attached;
        if (!isAdded(attached) || add === null || add.result === null) continue;
        const found = new Set(givenTo(attached).map((address) => readAddress(address)?.family));
        const families = found.size === 2 ? 10 : found.has(4) ? 4 : found.has(6) ? 6 : 0;
        const line = add.post?.line ?? add.plugins.at(-1)?.end?.line ?? 0;
        const given = { who, families, line, timeMs: add.begunMs } as const;
        const known = networks.get(network);
        if (known) known.push(given);
        else networks.set(network, [given]);
      }
    },
    end: () => {
      for (const [network, pods] of networks) {
        pods.sort((one, other) => one.line - other.line);
        pods.forEach((one, at) => {
          if (one.families === 10) return;
          const near = [
            ...pods.slice(Math.max(0, at - EACH_SIDE), at),
            ...pods.slice(at + 1, at + 1 + EACH_SIDE),
          ];
          const both = near.filter(({ families }) => families === 10).length;
          if (both >= LEAST_WITH_BOTH) report(findingOf(one, network, both, near.length));
        });
      }
    },
  };
};

function findingOf({ who, families, line, timeMs }: Given, network: string | null, both: number, of: number) {
  const lacks = families === 4 ? "no IPv6 address" : families === 6 ? "no IPv4 address" : "no address";
  return about(who, network, {
    ...{ code: "result-family", severity: "warning", brief: `it got ${lacks}`, lines: [line], timeMs },
    sentence: `${podName(who)} got ${lacks}${inNetwork(network)}, where ${both} of the ${of} pods around it got both families`,
    advice: "See whether the IPAM plugin has addresses of that family left.",
  });
}

import { readAddress } from "../address.ts";
import { isAdded, type Pod, type Who } from "../pod.ts";
import { Rows } from "../rows.ts";
import type { LineNumber } from "../story.ts";
import { Names } from "../texts.ts";
import { givenTo } from "./addresses.ts";
import { about, type Check, inNetwork, type MakeCheck, podName } from "./finding.ts";

/** So many pods before and after one are its neighbours, and so many of all of them must have both families. */
const EACH_SIDE = 10;
const LEAST_WITH_BOTH = 16;

interface Given {
  readonly who: Who;
  /** 4, 6, 10 for both, or 0. */
  readonly families: number;
  readonly line: LineNumber;
  readonly timeMs: number | null;
}

/** Columns. */
const [FAMILIES, LINE] = [1, 2];

/** A pod lacks a family that its neighbours have: an address range is used up, or a runtime asked for one only. */
export const resultFamily: MakeCheck = ({ roster }, report): Check => {
  const networks = new Names();
  /** Of each network: the members of Given. */
  const given: Rows[] = [];
  return {
    pod: ({ who, attached: all }: Pod) => {
      for (const attached of all) {
        const { add, network } = attached;
        if (!isAdded(attached) || add === null || add.result === null) continue;
        const found = new Set(givenTo(attached).map((address) => readAddress(address)?.family));
        const families = found.size === 2 ? 10 : found.has(4) ? 4 : found.has(6) ? 6 : 0;
        const line = add.post?.line ?? add.plugins.at(-1)?.end?.line ?? 0;
        const at = networks.numberOf(network);
        given[at] ??= new Rows(4);
        given[at].add([roster.add(who), families, line, add.begunMs ?? Number.NaN]);
      }
    },
    end: () => {
      given.forEach((rows, number) => {
        const order = rows.sortedBy(LINE);
        order.forEach((row, at) => {
          const families = rows.get(row, FAMILIES);
          if (families === 10) return;
          const from = Math.max(0, at - EACH_SIDE);
          const near = order.subarray(from, at + 1 + EACH_SIDE);
          const both = near.reduce((sum, one) => sum + (rows.get(one, FAMILIES) === 10 ? 1 : 0), 0);
          if (both < LEAST_WITH_BOTH) return;
          const timeMs = rows.get(row, 3);
          const one = {
            ...{ who: roster.get(rows.get(row, 0)), families, line: rows.get(row, LINE) },
            timeMs: Number.isNaN(timeMs) ? null : timeMs,
          };
          report(findingOf(one, networks.nameOf(number), both, near.length - 1));
        });
      });
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

import { addressKey } from "../address.ts";
import type { Pod } from "../pod.ts";
import { type Result, readParts, readResult } from "../result.ts";
import { isWell, linesOf } from "../runs.ts";
import { aboutAttached, type Check, inNetwork, listed, type MakeCheck, podName } from "./finding.ts";
import { absenceIn } from "./what-failed.ts";

/** It takes routes away on purpose. */
const ROUTE_TAKERS = ["route-override"];

/** A later plugin's result lacks what the plugins before it gave: the runtime and DEL will not know of it. */
export const resultLost: MakeCheck = (_log, report): Check => ({
  pod: ({ story, attached: all }: Pod) => {
    for (const attached of all)
      for (const run of attached.adds)
        for (const call of run.plugins) {
          const given = call.request?.prevResult ?? null;
          if (given === null || !isWell(call) || given === call.end?.output) continue;
          const before = readParts(given);
          const after = readResult(call.end?.output ?? null);
          if (before === null || after === null) continue;
          const lost = lostOf(before, after, ROUTE_TAKERS.includes(call.plugin));
          if (lost.length === 0) continue;
          const brief = `the result of ${call.plugin} lacks what the plugins before it gave`;
          report(
            aboutAttached(attached, {
              ...{ code: "result-lost", severity: "error", brief, plugin: call.plugin, timeMs: call.timeMs },
              sentence: `The result of ${call.plugin} for ${podName(story)}${inNetwork(attached.network)} lacks what the plugins before it gave: ${listed(lost)}`,
              lines: linesOf({ calls: [call] }),
              // In the classic format an end may be that of another call, whose beginning was lost.
              ...(call.format === "classic" ? { absence: absenceIn(run, undefined) } : {}),
              advice: `A chained plugin must hand on prevResult. Update ${call.plugin}, or report it to its makers.`,
            }),
          );
        }
  },
});

function lostOf(before: Result, after: Result, mayTakeRoutes: boolean): string[] {
  const names = new Set(after.interfaces.map(({ name }) => name));
  const keys = new Set(after.ips.map(({ address }) => addressKey(address)));
  const routes = new Set(after.routes.map(routeKey));
  return [
    ...before.interfaces.flatMap(({ name }) =>
      name !== null && !names.has(name) ? [`interface ${name}`] : [],
    ),
    ...before.ips.flatMap(({ address }) => (keys.has(addressKey(address)) ? [] : [`address ${address}`])),
    ...(mayTakeRoutes
      ? []
      : before.routes.filter((dst) => !routes.has(routeKey(dst))).map((dst) => `route ${dst}`)),
  ];
}

function routeKey(dst: string): string {
  return `${addressKey(dst)}/${dst.split("/")[1] ?? ""}`;
}

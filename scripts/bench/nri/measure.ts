import { Plugin as Service } from "../../../src/nri/gen/api_pb.js";
import { median } from "../table.ts";
import { inTurn } from "../turns.ts";
import { DrivenPlugin } from "./driven-plugin.ts";
import { type Figures, TIMEOUT_MS } from "./figures.ts";
import { synchronizeParts } from "./messages.ts";
import type { Plugin } from "./plugins.ts";

/** Figures whose name starts like this are combined by minimum, not median. */
const FEWEST = "fewest";

/** The time from the start of the process to its registration; the median of several starts. */
export function measureStarts(
  plugins: readonly Plugin[],
  folder: string,
  starts: number,
): Promise<Figures[]> {
  return medians(plugins, starts, async (plugin) => {
    const driven = await DrivenPlugin.start(plugin, folder);
    await driven.stop();
    return new Map([["start to registered, ms", driven.registeredMs]]);
  });
}

/** Synchronize of `count` pods and as many containers; the medians of rounds with new processes. */
export function measureSynchronize(
  plugins: readonly Plugin[],
  folder: string,
  count: number,
): Promise<Figures[]> {
  const parts = synchronizeParts(count);
  const pods = count.toLocaleString("en");
  return medians(plugins, plugins.length, async (plugin) => {
    const driven = await DrivenPlugin.start(plugin, folder);
    const synchronize = async () => {
      await driven.connection.ask(Service.method.configure, {
        ...{ runtimeName: "containerd", runtimeVersion: "v2.3.4", NRIVersion: "v0.12.0" },
        ...{ registrationTimeout: 5000n, requestTimeout: 2000n },
      });
      const startMs = performance.now();
      for (const part of parts) await driven.connection.call("Synchronize", part, TIMEOUT_MS);
      return performance.now() - startMs;
    };
    try {
      const tookMs = await driven.process.whileItRuns(synchronize());
      const { now, most } = driven.process.memory();
      await driven.stop();
      return new Map([
        [`Synchronize of ${pods} pods and containers, ms`, tookMs],
        ["resident MB after that", now],
        ["resident MB, the most during that", most],
        ...driven.logLines(`${FEWEST} lines in its log, of ${pods} pods`),
      ]);
    } finally {
      await driven.process.end();
    }
  });
}

/** The medians of each plugin's figures from alternating rounds. An extra first round warms up. */
async function medians(
  plugins: readonly Plugin[],
  rounds: number,
  measure: (plugin: Plugin) => Promise<Figures>,
): Promise<Figures[]> {
  const runs = new Map(plugins.map((plugin) => [plugin, new Map<string, number[]>()]));
  for (let round = -1; round < rounds; round++) {
    for (const plugin of inTurn(plugins, round)) {
      const figures = await measure(plugin);
      if (round < 0) continue;
      const all = runs.get(plugin);
      for (const [name, value] of figures) all?.set(name, [...(all.get(name) ?? []), value]);
    }
  }
  const combine = (name: string, values: number[]) =>
    name.startsWith(FEWEST) ? Math.min(...values) : median(values);
  return [...runs.values()].map(
    (all) => new Map([...all].map(([name, values]) => [name, combine(name, values)])),
  );
}

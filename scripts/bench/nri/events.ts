import { setTimeout as delay } from "node:timers/promises";
import { quantile } from "../table.ts";
import { inTurn } from "../turns.ts";
import { DrivenPlugin } from "./driven-plugin.ts";
import { type Figures, TIMEOUT_MS } from "./figures.ts";
import { stateChanges } from "./messages.ts";
import type { Plugin } from "./plugins.ts";

const ROUNDS = 20;
const AT_ONCE = 64;

/** `count` RunPodSandbox events for each plugin, while all run: a fifth one by one, the rest 64 at once. */
export async function measureEvents(
  plugins: readonly Plugin[],
  folder: string,
  count: number,
): Promise<Figures[]> {
  const loads: Load[] = [];
  const each = async (round: number, act: (load: Load) => Promise<unknown>) => {
    for (const load of inTurn(loads, round)) await load.driven.process.whileItRuns(act(load));
  };
  try {
    const events = stateChanges(1000);
    for (const plugin of plugins) loads.push(new Load(await DrivenPlugin.start(plugin, folder), events));
    await each(0, ({ driven }) => driven.connection.start());
    await delay(1000); // until all plugins are idle after their start
    const idle = loads.map(({ driven }) => driven.process.memory().now);
    const oneByOne = Math.floor(count / 5 / ROUNDS);
    const together = Math.floor((count - 2 * oneByOne) / ROUNDS) - oneByOne;
    await each(0, (load) => load.warmUp(count - ROUNDS * (oneByOne + together)));
    for (let round = 0; round < ROUNDS; round++) await each(round, (load) => load.oneByOne(oneByOne));
    for (let round = 0; round < ROUNDS; round++) await each(round, (load) => load.together(together));
    const figures: Figures[] = [];
    for (const [index, load] of loads.entries()) {
      const { now } = load.driven.process.memory();
      await load.driven.stop();
      figures.push(
        new Map([
          ...load.figures(),
          ["resident MB, idle", idle[index] ?? Number.NaN],
          [`resident MB after ${count.toLocaleString("en")} events`, now],
          ...load.driven.logLines(`lines in its log, of ${count.toLocaleString("en")} events`),
        ]),
      );
    }
    return figures;
  } finally {
    for (const { driven } of loads) await driven.process.end();
  }
}

/** Sends events to one plugin and measures them. */
class Load {
  readonly driven: DrivenPlugin;
  readonly #events: readonly Uint8Array[];
  #sent = 0;
  readonly #tripsMs: number[] = [];
  #oneByOneMs = 0;
  #together = 0;
  #togetherMs = 0;
  #togetherCpuMs = 0;

  constructor(driven: DrivenPlugin, events: readonly Uint8Array[]) {
    this.driven = driven;
    this.#events = events;
  }

  async #ask(): Promise<void> {
    const event = this.#events[this.#sent++ % this.#events.length];
    if (event) await this.driven.connection.call("StateChange", event, TIMEOUT_MS);
  }

  async warmUp(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#ask();
  }

  async oneByOne(count: number): Promise<void> {
    const startMs = performance.now();
    for (let i = 0; i < count; i++) {
      const sentMs = performance.now();
      await this.#ask();
      this.#tripsMs.push(performance.now() - sentMs);
    }
    this.#oneByOneMs += performance.now() - startMs;
  }

  async together(count: number): Promise<void> {
    const cpuMs = this.driven.process.cpuMs();
    const startMs = performance.now();
    let left = count;
    const worker = async () => {
      while (left-- > 0) await this.#ask();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    this.#together += count;
    this.#togetherMs += performance.now() - startMs;
    this.#togetherCpuMs += this.driven.process.cpuMs() - cpuMs;
  }

  figures(): Figures {
    const trips = this.#tripsMs.sort((a, b) => a - b);
    return new Map([
      ["round trip of an event, µs, median", 1000 * quantile(trips, 0.5)],
      ["round trip of an event, µs, p99", 1000 * quantile(trips, 0.99)],
      ["events a second, one by one", (1000 * trips.length) / this.#oneByOneMs],
      [`events a second, ${AT_ONCE} under way`, (1000 * this.#together) / this.#togetherMs],
      ["processor µs for each of those", (1000 * this.#togetherCpuMs) / this.#together],
    ]);
  }
}

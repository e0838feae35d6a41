import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchDecoding } from "./nri/decode.ts";
import { measureEvents } from "./nri/events.ts";
import type { Figures } from "./nri/figures.ts";
import { measureStarts, measureSynchronize } from "./nri/measure.ts";
import { buildPlugins, type Plugin } from "./nri/plugins.ts";
import { table, times } from "./table.ts";

/**
 * Compares plugins, with a runtime in TypeScript. Each gets `events` events and a fifth as many pods in its
 * Synchronize.
 */
export async function benchNri(events: number, progress: (line: string) => void): Promise<string[]> {
  const plugins = await buildPlugins(progress);
  const folder = mkdtempSync(join(tmpdir(), "cni-tap-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  progress("plugins: starts");
  const starts = await measureStarts(plugins, folder, 3 * plugins.length);
  progress("plugins: events");
  const loads = await measureEvents(plugins, folder, events);
  progress("plugins: Synchronize");
  const synchronized = await measureSynchronize(plugins, folder, Math.ceil(events / 5));
  const all = plugins.map(
    (_, index) => new Map([starts, loads, synchronized].flatMap((one) => [...(one[index] ?? [])])),
  );
  return [
    "### NRI plugins, a runtime in TypeScript at the other end",
    compare(plugins, all),
    benchDecoding(Math.min(events, 50_000)),
  ];
}

/** One row per figure, with the ratio to Go's if that was measured. */
function compare(plugins: readonly Plugin[], all: readonly Figures[]): string {
  const go = all[plugins.findIndex(({ reference }) => reference)];
  const ratios = (figures: Figures) => go !== undefined && figures !== go;
  const head = all.flatMap((figures, index) => [
    plugins[index]?.name ?? "",
    ...(ratios(figures) ? ["to Go"] : []),
  ]);
  const names = new Set(all.flatMap((figures) => [...figures.keys()]));
  const rows = [...names].map((name) => [
    name,
    ...all.flatMap((figures) => [
      number(figures.get(name)),
      ...(ratios(figures) ? [ratio(figures.get(name), go?.get(name))] : []),
    ]),
  ]);
  return table(["", ...head], rows);
}

function number(value: number | undefined): string {
  if (value === undefined) return "";
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

function ratio(value: number | undefined, to: number | undefined): string {
  return value === undefined || to === undefined ? "" : times(value / to);
}

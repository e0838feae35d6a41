import { statSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../cache-dir.ts";
import { PLUGINS, Runner, writeWrappedInput } from "./calls.ts";
import { buildRunner, buildWrapped } from "./programs.ts";
import { micro, quantile, table, times } from "./table.ts";

const PLUGIN = "bench-plugin";
const BIG_OUTPUT = 100_000_000;

/** A plugin bare, behind a program that only copies its pipes, and wrapped by cni_wrap. */
export async function benchWrap(runs: number, progress: (line: string) => void): Promise<string[]> {
  const { plugin, copier } = await buildWrapped(join(PLUGINS, PLUGIN));
  const programs = [
    { name: "the plugin", path: plugin },
    { name: "C, copies its pipes", path: copier },
    { name: "cni_wrap", path: join(ROOT, "bin", "cni_wrap") },
  ];
  const path = await buildRunner();
  const out: string[] = [];
  const one = async (title: string, bytes: number, share: number, variables: readonly string[] = []) => {
    progress(`wrapped: ${title}`);
    const runner = new Runner(path, [`BENCH_PLUGIN=${plugin}`, ...variables]);
    const input = writeWrappedInput(`wrap-${bytes}.json`, bytes, PLUGIN);
    const samples = await runner.turns(Math.max(5, Math.round(runs * share)), input, programs, "piped");
    const memory = await runner.memory(input, programs);
    const medians = samples.map(({ wall }) => quantile(wall, 0.5));
    const rows = programs.map(({ name, path: executable }, index) => [
      name,
      ...[0.5, 0.9, 0.99].map((at) => micro(quantile(samples[index]?.wall ?? [], at))),
      ...[0, 1].map((other) => times((medians[index] ?? Number.NaN) / (medians[other] ?? Number.NaN))),
      `${memory[index]}`,
      `${Math.round(statSync(executable).size / 1024)}`,
    ]);
    const head = ["µs a call", "median", "p90", "p99", "to the plugin", "to C", "KB resident", "KB file"];
    out.push(`### A wrapped ADD with ${title}`, table(head, rows));
    runner.clean();
  };
  await one("1.5 KB of stdin", 1500, 1);
  await one("100 KB of stdin", 100_000, 0.5);
  await one("1 MB of stdin", 1_000_000, 0.2);
  await one("1.5 KB of stdin and 100 MB of stdout", 1500, 0.01, [`BENCH_OUTPUT=${BIG_OUTPUT}`]);

  progress("wrapped: 64 at once");
  const runner = new Runner(path, [`BENCH_PLUGIN=${plugin}`]);
  const input = writeWrappedInput("wrap-storm.json", 1500, PLUGIN);
  const rows: string[][] = [];
  for (const program of programs)
    rows.push([program.name, (await runner.storm(runs, 64, input, program)).toFixed(0)]);
  runner.clean();
  out.push("### 64 wrapped calls at once", table(["", "calls a second"], rows));
  return out;
}

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../cache-dir.ts";
import type { LogOptions } from "../log/generate.ts";
import { writeLog } from "../log/write-log.ts";
import { median, table, times } from "./table.ts";

const ROUNDS = 3;
const WATCH_MS = 5;
/** Clock ticks a second, as /proc counts processor time. */
const TICKS = 100;
const CNITAP = join(ROOT, "bin", "cnitap");

interface Reader {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

/** cnitap's readers beside `jq -c .` and a loop of JSON.parse, on a made log. */
export async function benchRead(bytes: number, progress: (line: string) => void): Promise<string[]> {
  const usual = await benchLog({ seed: 1, bytes, strays: false }, "a log", readersOf, progress);
  const kept = await benchLog(
    { seed: 1, bytes, strays: false, removed: false },
    "a log of pods that are never removed",
    (path) => READERS.map((name) => cnitap(path, name)),
    progress,
  );
  return [...usual, ...kept];
}

const READERS = ["pods", "stats", "audit"] as const;

async function benchLog(
  options: LogOptions,
  what: string,
  readersFor: (path: string) => Reader[],
  progress: (line: string) => void,
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "cni-tap-bench-read-"));
  try {
    const path = join(folder, "cni.log");
    progress(`making ${what} of ${options.bytes / 1e6} MB`);
    const truth = writeLog(path, options);
    const readers = readersFor(path);
    const costs = new Map(readers.map(({ name }) => [name, [] as Cost[]]));
    for (let round = 0; round < ROUNDS; round++) {
      progress(`reading it, round ${round + 1} of ${ROUNDS}`);
      for (const reader of readers) costs.get(reader.name)?.push(await run(reader));
    }
    const head = ["", "s", "processor s", "to jq", "to JSON.parse", "MB resident, most"];
    const of = (name: string, key: keyof Cost) => median((costs.get(name) ?? []).map((cost) => cost[key]));
    const ratio = (name: string, to: string) =>
      costs.has(to) ? times(of(name, "cpuSeconds") / of(to, "cpuSeconds")) : "";
    const rows = readers.map(({ name }) => [
      name,
      of(name, "seconds").toFixed(2),
      of(name, "cpuSeconds").toFixed(2),
      ratio(name, "jq -c ."),
      ratio(name, "JSON.parse"),
      of(name, "peakMb").toFixed(0),
    ]);
    const size = `${(truth.bytes / 1e6).toFixed(0)} MB, ${truth.lines} lines, ${truth.pods} pods`;
    return [`### Reading ${what} of ${size}`, table(head, rows)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function cnitap(path: string, ...args: readonly string[]): Reader {
  return { name: `cnitap ${args.join(" ")}`, command: CNITAP, args: [...args, "--log-file", path] };
}

function readersOf(path: string): Reader[] {
  const readers = [...READERS.map((name) => cnitap(path, name)), cnitap(path, "tail", "-n", "10")];
  const loop = join(import.meta.dirname, "parse-loop.ts");
  readers.push({ name: "JSON.parse", command: process.execPath, args: [loop, path] });
  if (hasJq()) readers.push({ name: "jq -c .", command: "jq", args: ["-c", ".", path] });
  return readers;
}

function hasJq(): boolean {
  try {
    execFileSync("jq", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** What it costs, as /proc tells while it runs. */
export async function run({ command, args }: Reader): Promise<Cost> {
  const begun = performance.now();
  const child = spawn(command, args, { stdio: "ignore" });
  let peakMb = 0;
  let cpuSeconds = 0;
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peakMb = Math.max(peakMb, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
      const [, , , , , , , , , , , user = "0", system = "0"] = readFileSync(`/proc/${child.pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      cpuSeconds = (Number(user) + Number(system)) / TICKS;
    } catch {
      // it has ended
    }
  }, WATCH_MS);
  await new Promise<void>((resolve, reject) => child.on("error", reject).on("close", () => resolve()));
  clearInterval(watch);
  return { seconds: (performance.now() - begun) / 1000, cpuSeconds, peakMb };
}

import { mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "../build/compile.ts";
import { ROOT } from "../cache-dir.ts";
import type { Program } from "./programs.ts";
import { median, micro, quantile, table, times } from "./table.ts";

const FOLDER = join(ROOT, "build", "bench");
/** Where the plugin for cni_wrap is. */
export const PLUGINS = join(FOLDER, "plugins");
const LOG = join(FOLDER, "cni.log");
const LOCK = join(FOLDER, "cni.lock");
const ID = "77bfffbd24f38fc4299b710d1da91eb61a40e200c480a6b4f7315f9e509408ad";

/** An ADD request of about `bytes` bytes: a result, and annotations to fill it up. */
function request(bytes: number, logFormat: string): string {
  const netns = "/var/run/netns/cni-bceee9d5-6742-200e-cc85-ecba1eb8b69f";
  const annotation = (index: number) =>
    [
      `example.com/annotation-${index}`,
      `a value, as they are: {"replicas":3,"image":"registry/Job-${index}:v1.2.3"}`,
    ] as const;
  const base = {
    cniVersion: "1.0.0",
    name: "k8s-pod-network",
    type: "cni_post",
    logFile: LOG,
    lockFile: LOCK,
    logFormat,
    logMaxBytes: 0,
    prevResult: {
      cniVersion: "1.0.0",
      interfaces: [
        { mac: "26:12:bc:2a:d3:cc", name: "cni0" },
        { mac: "42:67:08:4a:85:dc", name: "veth179f2918" },
        { mac: "32:82:9f:6c:b6:32", name: "eth0", sandbox: netns },
      ],
      ips: [{ address: "10.244.1.3/24", gateway: "10.244.1.1", interface: 2 }],
      routes: [{ dst: "0.0.0.0/0" }],
    },
  };
  const count = Math.max(0, Math.round((bytes - JSON.stringify(base).length) / 120));
  const annotations = Object.fromEntries(Array.from({ length: count }, (_, index) => annotation(index)));
  return JSON.stringify({ ...base, runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations } });
}

export function writeInput(name: string, bytes: number, logFormat = "json"): string {
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, name);
  writeFileSync(path, request(bytes, logFormat));
  return path;
}

/** The same for cni_wrap, as libcni sends it: keys sorted. */
export function writeWrappedInput(name: string, bytes: number, plugin: string): string {
  const { logFile, lockFile, logFormat, logMaxBytes, prevResult, runtimeConfig, ...rest } = JSON.parse(
    request(bytes, "json"),
  );
  const cniTap = { lockFile, logFile, logFormat, logMaxBytes, type: plugin };
  const path = join(FOLDER, name);
  writeFileSync(path, JSON.stringify({ cniTap, ...rest, prevResult, runtimeConfig, type: "cni_wrap" }));
  return path;
}

/** Starts runner.c with the environment of a call. */
export class Runner {
  readonly #path: string;
  readonly #variables: readonly string[];

  /** `variables`: further ones for the programs, `NAME=value`. */
  constructor(path: string, variables: readonly string[] = []) {
    this.#path = path;
    this.#variables = variables;
  }

  async #run(args: readonly string[]): Promise<string[]> {
    rmSync(LOG, { force: true });
    return this.#keepLog(args);
  }

  async #keepLog(args: readonly string[]): Promise<string[]> {
    const env = [
      ...["CNI_COMMAND=ADD", `CNI_CONTAINERID=${ID}`, "CNI_IFNAME=eth0", `CNI_PATH=${PLUGINS}`],
      "CNI_NETNS=/var/run/netns/cni-bceee9d5-6742-200e-cc85-ecba1eb8b69f",
      `CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_INFRA_CONTAINER_ID=${ID}`,
      ...[`BENCH_LOG=${LOG}`, `BENCH_LOCK=${LOCK}`, `PATH=${process.env.PATH}`],
      ...this.#variables,
    ];
    return (await runTool("env", ["-i", ...env, this.#path, ...args])).trim().split("\n");
  }

  /** Wall and CPU nanoseconds of each program, sorted, from alternating runs. */
  async turns(
    runs: number,
    input: string,
    programs: readonly Pick<Program, "path">[],
    how: "turns" | "piped" = "turns",
  ): Promise<{ wall: number[]; cpu: number[] }[]> {
    const paths = programs.map(({ path }) => path);
    await this.#run([how, "2", input, ...paths]); // warm
    const samples = programs.map(() => ({ wall: [] as number[], cpu: [] as number[] }));
    for (const line of await this.#run([how, String(runs), input, ...paths])) {
      const [index = 0, wall = 0, cpu = 0] = line.split(" ").map(Number);
      samples[index]?.wall.push(wall);
      samples[index]?.cpu.push(cpu);
    }
    for (const { wall, cpu } of samples) for (const values of [wall, cpu]) values.sort((a, b) => a - b);
    return samples;
  }

  /** Resident kilobytes of each program when it exits. */
  async memory(input: string, programs: readonly Pick<Program, "path">[]): Promise<number[]> {
    return (await this.#run(["memory", input, ...programs.map(({ path }) => path)])).map(Number);
  }

  /** Calls per second with `atOnce` parallel calls. */
  async storm(runs: number, atOnce: number, input: string, program: Pick<Program, "path">): Promise<number> {
    const [ns = "0"] = await this.#run(["storm", String(runs), String(atOnce), input, program.path]);
    return (runs * 1e9) / Number(ns);
  }

  /** Median wall nanoseconds with an existing log of `bytes` bytes (a sparse file that ends in a newline). */
  async withLog(bytes: number, runs: number, input: string, program: Program): Promise<number> {
    rmSync(LOG, { force: true });
    if (bytes > 0) {
      writeFileSync(LOG, "", { mode: 0o600 });
      truncateSync(LOG, bytes - 1);
      writeFileSync(LOG, "\n", { flag: "a" });
    }
    const lines = await this.#keepLog(["turns", String(runs), input, program.path]);
    return median(lines.map((line) => Number(line.split(" ")[1])));
  }

  clean(): void {
    for (const file of [LOG, LOCK]) rmSync(file, { force: true });
  }
}

/**
 * Alternating runs. Slow programs run separately, alternating with their bound: a call of 80 ms leaves cold
 * caches to the next program, which affects one of 340 KB more than one of 40 KB.
 */
async function takeTurns(
  runner: Runner,
  runs: number,
  input: string,
  programs: readonly Program[],
): Promise<{ wall: number[]; cpu: number[] }[]> {
  const quick = programs.filter(({ slow }) => !slow);
  const samples = await runner.turns(runs, input, quick);
  const byName = new Map(quick.map(({ name }, index) => [name, samples[index]]));
  for (const program of programs.filter(({ slow }) => slow)) {
    const beside = programs.filter(({ name }) => name === program.bound);
    const [own] = await runner.turns(Math.max(5, Math.round(runs / 10)), input, [program, ...beside]);
    byName.set(program.name, own);
  }
  return programs.map(({ name }) => byName.get(name) ?? { wall: [], cpu: [] });
}

/** One table per size of standard input: every program compared with its bound and with Go. */
export async function benchCalls(
  runner: Runner,
  programs: readonly Program[],
  runs: number,
): Promise<string[]> {
  const out: string[] = [];
  for (const [title, bytes, share] of [
    ["1.5 KB", 1500, 1],
    ["100 KB", 100_000, 0.5],
    ["1 MB", 1_000_000, 0.2],
  ] as const) {
    const input = writeInput(`add-${bytes}.json`, bytes);
    const samples = await takeTurns(runner, Math.max(5, Math.round(runs * share)), input, programs);
    const memory = await runner.memory(input, programs);
    const medianOf = (name: string) =>
      quantile(samples[programs.findIndex((one) => one.name === name)]?.wall ?? [], 0.5);
    const rows = programs.map((program, index) => {
      const { wall, cpu } = samples[index] ?? { wall: [], cpu: [] };
      const own = quantile(wall, 0.5);
      return [
        program.name,
        ...[0.5, 0.9, 0.99].map((share_) => micro(quantile(wall, share_))),
        times(own / medianOf(program.bound)),
        Number.isNaN(medianOf("Go")) ? "" : times(own / medianOf("Go")),
        micro(quantile(cpu, 0.5)),
        `${memory[index]}`,
        `${Math.round(statSync(program.path).size / 1024)}`,
      ];
    });
    const head = ["µs a call", "median", "p90", "p99", "to C", "to Go", "CPU", "KB resident", "KB file"];
    out.push(`### ADD with ${title} of stdin (${statSync(input).size} bytes)`, table(head, rows));
  }
  return out;
}

/** 64 parallel calls with the same lock and log. */
export async function benchStorm(
  runner: Runner,
  programs: readonly Program[],
  runs: number,
): Promise<string[]> {
  const input = writeInput("add-storm.json", 1500);
  const rows: string[][] = [];
  for (const program of programs) {
    const rate = await runner.storm(
      program.name === "Python" ? Math.min(runs, 200) : runs,
      64,
      input,
      program,
    );
    rows.push([program.name, rate.toFixed(0)]);
  }
  return ["### A storm: 64 calls at once", table(["", "calls a second"], rows)];
}

/** The cost of a call for different sizes of the log. */
export async function benchLogSize(runner: Runner, tap: Program, runs: number): Promise<string[]> {
  const input = writeInput("add-log.json", 1500);
  const row: string[] = [tap.name];
  const sizes = [0, 1, 50, 200];
  const medians = sizes.map(() => [] as number[]);
  for (let round = 0; round < 4; round++) {
    for (const [index, size] of sizes.entries()) {
      medians[index]?.push(await runner.withLog(size * 2 ** 20, Math.max(5, runs / 4), input, tap));
    }
  }
  for (const values of medians) row.push(micro(median(values)));
  return [
    "### Cost against the log's size",
    table(["µs a call, median", ...sizes.map((size) => `${size} MB`)], [row]),
  ];
}

/** `npm run bench`: what a call costs, beside a lower bound and what a user would pick instead; Markdown on stdout. */
import { cpus, release } from "node:os";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { benchCalls, benchLogSize, benchStorm, Runner } from "./bench/calls.ts";
import { benchPods } from "./bench/pods.ts";
import { buildPrograms, buildRunner } from "./bench/programs.ts";
import { runTool } from "./build/compile.ts";

interface Options {
  readonly runs: string;
  readonly pods: string;
}

function progress(line: string): void {
  console.error(`cni-tap: ${line}`);
}

function print(lines: readonly string[]): void {
  console.log(`\n${lines.join("\n\n")}`);
}

function parse(): Options {
  const program = new Command("npm run bench --")
    .description(
      "Measures the taps against a lower bound in C, Go and Python, and pods with and without taps.",
    )
    .option("--runs <n>", "calls of each program at 1.5 KB", "1000")
    .option("--pods <n>", "pods on each containerd; 0 for none", "20")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", "\nExample:\n  $ npm run -s bench -- --runs 300 > run.md\n")
    .exitOverride();
  return program.parse().opts<Options>();
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new CommanderError(2, "option", `Cannot use --${name} ${text}: wants a whole number`);
  return value;
}

async function main(): Promise<void> {
  const options = parse();
  const runs = Math.max(10, whole("runs", options.runs));
  const pods = whole("pods", options.pods);
  const programs = await buildPrograms(progress);
  const runner = new Runner(await buildRunner());
  try {
    console.log(
      `${cpus().length} x ${cpus()[0]?.model ?? "?"}, Linux ${release()}, ${new Date().toISOString().slice(0, 10)}`,
    );
    progress("calls, in turn");
    print(await benchCalls(runner, programs, runs));
    progress("a storm of calls");
    print(await benchStorm(runner, programs, runs));
    progress("logs of all sizes");
    const post = programs.find(({ name }) => name === "cni_post");
    if (post) print(await benchLogSize(runner, post, runs));
  } finally {
    runner.clean();
  }
  if (pods > 0 && process.getuid?.() === 0) print(await benchPods(programs, pods, progress));
  else if (pods > 0) progress("not root: no pods");
  progress("cni-tap/nri");
  const nri = await runTool(process.execPath, [join(import.meta.dirname, "bench", "nri.ts")]);
  print(["### cni-tap/nri, a runtime in TypeScript at the other end", nri.trimEnd().replace(/^/gm, "    ")]);
}

try {
  await main();
} catch (error) {
  const usage = error instanceof CommanderError;
  if (!usage || error.code === "option") console.error(error instanceof Error ? error.message : error);
  process.exitCode = usage ? (error.exitCode === 0 ? 0 : 2) : 1;
}

/** `npm run bench`: the cost of calls, compared with a lower bound and alternatives. Prints Markdown. */
import { cpus, release } from "node:os";
import { Command, CommanderError, Option } from "commander";
import { benchCalls, benchLogSize, benchStorm, Runner } from "./bench/calls.ts";
import { benchNode } from "./bench/node.ts";
import { benchNri } from "./bench/nri.ts";
import { benchPods } from "./bench/pods.ts";
import { buildPrograms, buildRunner, type Program } from "./bench/programs.ts";
import { benchRead } from "./bench/read.ts";
import { benchWrap } from "./bench/wrap.ts";

const SECTIONS = ["calls", "wrap", "pods", "nri", "read", "node"] as const;

interface Options {
  readonly runs: string;
  readonly pods: string;
  readonly events: string;
  readonly logBytes: string;
  readonly only: readonly (typeof SECTIONS)[number][];
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
      "Measures the taps against a lower bound in C, Go and Python, wrapped plugins, pods with and without taps, NRI plugins, readers of the log, and a look at a node.",
    )
    .option("--runs <n>", "calls of each program at 1.5 KB", "1000")
    .option("--pods <n>", "pods on each containerd; 0 for none", "20")
    .option("--events <n>", "events for each NRI plugin", "100000")
    .option("--log-bytes <n>", "size of the log that is read", "200000000")
    .addOption(new Option("--only <section...>", "some sections").choices(SECTIONS).default(SECTIONS, "all"))
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

async function calls(programs: readonly Program[], runs: number): Promise<void> {
  const runner = new Runner(await buildRunner());
  try {
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
}

async function main(): Promise<void> {
  const options = parse();
  const runs = Math.max(10, whole("runs", options.runs));
  const pods = whole("pods", options.pods);
  const events = Math.max(1000, whole("events", options.events));
  const logBytes = whole("log-bytes", options.logBytes);
  const wanted = (section: (typeof SECTIONS)[number]) => options.only.includes(section);
  console.log(
    `${cpus().length} x ${cpus()[0]?.model ?? "?"}, Linux ${release()}, ${new Date().toISOString().slice(0, 10)}`,
  );
  const withPods = pods > 0 && wanted("pods");
  const programs = wanted("calls") || withPods ? await buildPrograms(progress) : [];
  if (wanted("calls")) await calls(programs, runs);
  if (wanted("wrap")) print(await benchWrap(runs, progress));
  if (withPods && process.getuid?.() === 0) print(await benchPods(programs, pods, progress));
  else if (withPods) progress("not root: no pods");
  if (wanted("nri")) print(await benchNri(events, progress));
  if (wanted("read")) print(await benchRead(logBytes, progress));
  if (wanted("node")) print(await benchNode(progress));
}

// Running child processes are ended by their own listeners.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
try {
  await main();
} catch (error) {
  const usage = error instanceof CommanderError;
  if (!usage || error.code === "option") console.error(error instanceof Error ? error.message : error);
  process.exitCode = usage ? (error.exitCode === 0 ? 0 : 2) : 1;
}

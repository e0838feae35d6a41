/** `npm run fuzz`: makes mutated calls. Stops at the first wrong answer and writes it to a file. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { ROOT } from "./cache-dir.ts";
import type { Call } from "./fuzz/call.ts";
import { Driver } from "./fuzz/driver.ts";
import { type Failure, makeCalls, tryCalls } from "./fuzz/run.ts";

interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly calls?: number;
  readonly real?: boolean;
  readonly replay?: string;
}

const BATCH = 2000;

const program = new Command("npm run fuzz --")
  .description(
    "Makes mutated calls of both taps and holds each against the same script on the host's twin, and against what " +
      "every call promises: an exit code of the table, a reply that is JSON, prevResult's very bytes, one line.",
  )
  .option("--seconds <n>", "how long", wholeNumber, 60)
  .option("--calls <n>", "how many calls, however long they take", wholeNumber)
  .option("--seed <n>", "the same calls again", wholeNumber, Date.now() % 2 ** 32)
  .option("--real", "start bin/cni_pre and bin/cni_post for each call, not a fork that has them inside")
  .option("--replay <file>", "make the call of a file once more and show what comes of it")
  .exitOverride();

try {
  const options = program.parse().opts<Options>();
  process.exitCode =
    options.replay === undefined ? await fuzz(options) : await replay(options.replay, options);
} catch (error) {
  if (!(error instanceof CommanderError)) console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : 1;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("It wants a whole number.");
  return value;
}

/** Returns the exit code: 1 if an answer was wrong. */
async function fuzz({
  seconds,
  seed,
  calls = Number.POSITIVE_INFINITY,
  real = false,
}: Options): Promise<number> {
  const driver = await Driver.build(real ? "real" : "fast", { real });
  const again = `--seed ${seed}${real ? " --real" : ""}`;
  console.log(`seed ${seed}: npm run fuzz -- ${again} makes the same calls`);
  const begun = performance.now();
  const elapsed = () => (performance.now() - begun) / 1000;
  let done = 0;
  try {
    while (done < calls && (calls < Number.POSITIVE_INFINITY || elapsed() < seconds)) {
      const to = Math.min(calls, done + BATCH);
      const failures = await tryCalls(driver, makeCalls(seed, done, to));
      done = to;
      if (failures[0]) {
        console.log(`\nwrong: ${failures.length} of the calls up to ${done}`);
        report(failures[0]);
        return 1;
      }
      const rate = Math.round(done / elapsed());
      if (process.stdout.isTTY) process.stdout.write(`\r${done} calls, ${rate} a second `);
    }
    const strays = driver.strays();
    if (strays.length > 0) console.log(`\nwrong: lines where none belong: ${strays.join(" ")}`);
    else console.log(`\n${done} calls in ${elapsed().toFixed(0)} s, nothing wrong`);
    return strays.length > 0 ? 1 : 0;
  } finally {
    driver.remove();
  }
}

function report(failure: Failure): void {
  const folder = join(ROOT, "build", "fuzz");
  mkdirSync(folder, { recursive: true });
  const file = relative(process.cwd(), join(folder, "failure.json"));
  writeFileSync(file, `${JSON.stringify(failure, null, 2)}\n`);
  console.log(
    `${failure.faults.join("\n")}\nThe call is in ${file}; npm run fuzz -- --replay ${file} makes it again.`,
  );
}

async function replay(file: string, { real = false }: Options): Promise<number> {
  const { call }: { call: Call } = JSON.parse(readFileSync(file, "utf8"));
  const driver = await Driver.build(real ? "real" : "fast", { real });
  try {
    const [failure] = await tryCalls(driver, [call]);
    console.log(failure ? JSON.stringify(failure, null, 2) : "nothing wrong with this call now");
    return failure ? 1 : 0;
  } finally {
    driver.remove();
  }
}

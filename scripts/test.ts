/**
 * `npm test`: everything, in the order of how soon it tells. Its last line is `N passed, N failed` (a step that is no
 * suite, as lint, counts as one). Arguments go to vitest: `npm test -- test/tap` runs one room's tests alone.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ROOT } from "./cache-dir.ts";

const REPORT = join(ROOT, "build", "vitest.json");
const chosen = process.argv.slice(2);
const counts = { passed: 0, failed: 0, skipped: 0 };

async function run(command: string, args: readonly string[]): Promise<boolean> {
  const path = `${join(ROOT, "node_modules", ".bin")}${delimiter}${process.env.PATH}`;
  const child = spawn(command, args, { cwd: ROOT, stdio: "inherit", env: { ...process.env, PATH: path } });
  return new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`Cannot run ${command}: ${error.message}`);
      resolve(false);
    });
    child.on("exit", (code) => resolve(code === 0));
  });
}

async function step(title: string, command: string, args: readonly string[]): Promise<boolean> {
  console.log(`\n== ${title}`);
  const ok = await run(command, args);
  counts[ok ? "passed" : "failed"]++;
  return ok;
}

function readCount(report: object, name: string): number {
  const value: unknown = Object.entries(report).find(([key]) => key === name)?.[1];
  return typeof value === "number" ? value : 0;
}

async function suites(): Promise<void> {
  console.log("\n== tests");
  mkdirSync(join(ROOT, "build"), { recursive: true });
  rmSync(REPORT, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${REPORT}`];
  const ok = await run("vitest", ["run", ...reporters, ...chosen]);
  const report: unknown = existsSync(REPORT) ? JSON.parse(readFileSync(REPORT, "utf8")) : null;
  if (typeof report === "object" && report !== null) {
    counts.passed += readCount(report, "numPassedTests");
    counts.failed += readCount(report, "numFailedTests");
    counts.skipped += readCount(report, "numPendingTests") + readCount(report, "numTodoTests");
  }
  if (!ok && counts.failed === 0) counts.failed++; // a suite that could not even begin
}

if (chosen.length === 0) {
  await step("lint", "biome", ["ci", "--error-on-warnings", "."]);
  await step("types", "tsc", ["-p", "tsconfig.json"]);
  await step("types of the taps, without Node's", "tsc", ["-p", "tsconfig.tap.json"]);
  await step("types of nri's wire and session, without Node's", "tsc", ["-p", "tsconfig.nri.json"]);
}
if (await step("build", "node", ["scripts/build.ts"])) await suites();

if (process.getuid?.() !== 0) {
  console.log(
    "\nNot root: the tests on a real containerd and those in private mounts did not run; all others did.",
  );
}
const { passed, failed, skipped } = counts;
process.exitCode = failed === 0 ? 0 : 1;
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);

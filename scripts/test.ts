/**
 * `npm test`: runs all checks and tests, the fastest first. The last line is `N passed, N failed`; a step
 * without tests, such as lint, counts as one. Arguments go to vitest: `npm test -- test/tap` runs only the
 * tests of one room.
 *   --quick   npm run test:quick: lint, types, unit and conformance tests, in less than a minute
 *   --soak    npm run soak: the randomized tests, with many more repetitions
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT } from "./cache-dir.ts";

const REPORT = join(ROOT, "build", "vitest.json");
/** The suites of --quick: they start no containerd, build no executables and do not wait for timeouts. */
const QUICK = [
  "cni",
  "command-docs",
  "conflist",
  "conformance",
  "docs",
  "log",
  "machine",
  "native/scan",
  "node-state",
  "nri",
  "observe",
  "plugins",
  "rooms",
  "story",
  "tap",
];
/** The suites that may run beside each other: nothing that they do is measured. */
const BESIDE = [
  ...QUICK,
  "cli/carry-out",
  "cli/kill",
  "cli/read",
  "faults/allocations",
  "faults/fuzz",
  "faults/secrets",
  "faults/steps",
  "faults/system-calls",
  "faults/trapped",
  "faults/wrap-system-calls",
  "faults/wrap-trapped",
  "native/fields",
  "native/last-resort",
  "native/sanitized",
  "native/wrap-texts",
  "scripts",
  "set-up",
  "wrap",
];
/** The suites that do more if CNI_TAP_SOAK is set. */
const SOAK = [
  "cli/races",
  "e2e/observe-crowd",
  "faults/fuzz",
  "faults/observe-memory",
  "faults/rotation",
  "faults/storm",
  "faults/wrap-fuzz",
  "faults/wrap-killed",
  "faults/wrap-system-calls",
  "log",
  "native/scan",
  "native/wrap-texts",
  "nri/wire",
  "observe",
];

const [mode, ...rest] = process.argv.slice(2);
const quick = mode === "--quick";
const soak = mode === "--soak";
const chosen = quick || soak || mode === undefined ? rest : [mode, ...rest];
const counts = { passed: 0, failed: 0, skipped: 0 };
/** What failed, told again at the end: the output of a whole run is longer than most logs keep. */
const failures: string[] = [];

/** Runs a script with the Node.js of this process. npm may not have linked it into node_modules/.bin. */
async function run(script: string, args: readonly string[]): Promise<boolean> {
  const env = soak ? { ...process.env, CNI_TAP_SOAK: "1" } : process.env;
  const child = spawn(process.execPath, [join(ROOT, script), ...args], { cwd: ROOT, stdio: "inherit", env });
  return new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`Cannot run ${script}: ${error.message}`);
      resolve(false);
    });
    child.on("exit", (code) => resolve(code === 0));
  });
}

async function step(title: string, script: string, args: readonly string[] = []): Promise<boolean> {
  console.log(`\n== ${title}`);
  const ok = await run(script, args);
  counts[ok ? "passed" : "failed"]++;
  if (!ok) failures.push(title);
  return ok;
}

/** The report of vitest's json reporter, as far as it is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** One paragraph for each test that failed, and for each file that could not be read as tests. */
function failuresIn(report: Report): string[] {
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(ROOT, name);
    const failed = assertionResults.filter((test) => test.status === "failed");
    if (failed.length === 0 && status === "failed") return [`${file}\n${message}`];
    return failed.map((test) => {
      const lines = test.failureMessages.join("\n").split("\n");
      return [`${file}: ${test.fullName}`, ...lines.filter((line) => !line.includes("/node_modules/"))].join(
        "\n",
      );
    });
  });
}

/** Runs suites, all if there are no names. */
async function suites(title: string, names: readonly string[], args: readonly string[] = []): Promise<void> {
  console.log(`\n== ${title}`);
  mkdirSync(join(ROOT, "build"), { recursive: true });
  rmSync(REPORT, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${REPORT}`];
  const ok = await run("node_modules/vitest/vitest.mjs", ["run", ...reporters, ...args, ...names]);
  const report: Report | null = existsSync(REPORT) ? JSON.parse(readFileSync(REPORT, "utf8")) : null;
  const told = report === null ? [] : failuresIn(report);
  if (!ok && told.length === 0) told.push(`${title}: vitest failed without a failed test`);
  failures.push(...told);
  counts.passed += report?.numPassedTests ?? 0;
  counts.failed += Math.max(report?.numFailedTests ?? 0, told.length);
  counts.skipped += (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
}

const TSC = "node_modules/typescript/bin/tsc";
if (chosen.length === 0 && !soak) {
  await step("lint", "node_modules/@biomejs/biome/bin/biome", ["ci", "--error-on-warnings", "."]);
  await step("types", TSC, ["-p", "tsconfig.json"]);
  await step("types of the native programs, without Node's", TSC, ["-p", "tsconfig.native.json"]);
  await step("types of nri's wire and session, without Node's", TSC, ["-p", "tsconfig.nri.json"]);
}
if (await step("build", "scripts/build.ts")) {
  const inTest = (names: readonly string[]) => names.map((name) => `test/${name}`);
  const allAtOnce = ["--maxWorkers=100%"];
  if (chosen.length > 0) await suites("tests", chosen, quick ? allAtOnce : []);
  else if (quick) await suites("tests", inTest(QUICK), allAtOnce);
  else if (soak) await suites("tests", inTest(SOAK));
  else {
    await suites("tests that may run beside each other", inTest(BESIDE), allAtOnce);
    const others = inTest(BESIDE).flatMap((path) => [
      "--exclude",
      `${path}.test.ts`,
      "--exclude",
      `${path}/**`,
    ]);
    await suites("tests that measure time, one after the other", [], others);
  }
}

if (process.getuid?.() !== 0) {
  console.log(
    "\nNot root: the tests on a real containerd and those in private mounts did not run; all others did.",
  );
}
if (failures.length > 0) console.log(`\n== What failed\n${failures.join("\n\n")}`);
const { passed, failed, skipped } = counts;
process.exitCode = failed === 0 ? 0 : 1;
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);

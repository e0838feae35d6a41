import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CCompiler } from "../../scripts/build/compile.ts";
import { buildTap, compileHost } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";
import { Driver, whyNoDriver } from "../../scripts/fuzz/driver.ts";
import { makeCalls, tryCalls } from "../../scripts/fuzz/run.ts";
import { type Role, roles, runTap } from "../support/run-tap.ts";
import { howOften } from "../support/soak.ts";
import { buildRemote } from "./observe/remote-host.ts";

/*
 * The host in C with the address and undefined behaviour sanitizers. They need gcc and the machine's own C library. They
 * do not see QuickJS, which is compiled without them, and its heap, which is one array of the host. test/faults is not
 * run on these taps: the address sanitizer's shadow memory needs more than RLIMIT_AS allows there.
 */

const FUZZED = howOften(1_500, 100_000);
const DIRECTORY = join(ROOT, "build", "sanitized");
/*
 * A sanitizer creates the directory of its reports when it starts. The checkout may be in /tmp, which some tests hide
 * from the tap and compare afterwards. No test looks at /var/tmp.
 */
const CHECKOUT = createHash("sha256").update(ROOT).digest("hex").slice(0, 12);
const REPORTS = `/var/tmp/cni-tap-reports-${process.getuid?.()}-${CHECKOUT}`;
const FLAGS = [
  "-g",
  "-Werror",
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=all",
  "-fno-omit-frame-pointer",
  `-DSANITIZER_REPORTS="${REPORTS}/report"`,
];
const SANITIZED = {
  compiler: "gcc",
  flags: FLAGS,
  sources: [join(ROOT, "test/native/sanitizer-options.c")],
} as const;

const built = (name: string) => join(DIRECTORY, name);

async function build(role: Role, name: string, flags: readonly string[] = []): Promise<void> {
  const entry = join(ROOT, "src", "tap", `cni-${role}.ts`);
  await buildTap({ ...SANITIZED, entry, out: built(name), name: `cni_${role}`, flags: [...FLAGS, ...flags] });
}

async function buildWrap(): Promise<void> {
  const entry = join(ROOT, "src", "wrap", "cni-wrap.ts");
  await buildTap({ ...SANITIZED, program: "wrap", entry, out: built("cni_wrap"), name: "cni_wrap" });
}

/** Of test/wrap what needs no limit of memory: the sanitizer's own is larger. */
const WRAP_SUITES = ["line-secrets", "random-output", "random-stanza"].map(
  (name) => `test/wrap/${name}.test.ts`,
);

/** Returns the sanitizers' reports and removes them. */
function takeReports(): string[] {
  return readdirSync(REPORTS).map((name) => {
    const text = readFileSync(join(REPORTS, name), "utf8");
    rmSync(join(REPORTS, name));
    return text;
  });
}

/** Runs tests against the sanitized executables. */
async function runSuites(...suites: readonly string[]): Promise<{ code: number | null; output: string }> {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST"));
  const env = {
    ...Object.fromEntries(own),
    ...{ CNITAP_PRE: built("cni_pre"), CNITAP_POST: built("cni_post"), CNITAP_WRAP: built("cni_wrap") },
    CNITAP_OBSERVE_REMOTE: join(ROOT, "build", "observe", "sanitized"),
  };
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const child = spawn(process.execPath, [vitest, "run", ...suites, "--reporter=dot"], { cwd: ROOT, env });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => output.push(String(text)));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, output: output.join("") };
}

beforeAll(async () => {
  mkdirSync(DIRECTORY, { recursive: true });
  mkdirSync(REPORTS, { recursive: true });
  chmodSync(REPORTS, 0o777); // taps of other users write reports, too
  for (const role of roles) await build(role, `cni_${role}`);
  takeReports();
});

afterAll(() => rmSync(REPORTS, { recursive: true, force: true }));

describe("taps with sanitizers", () => {
  test.each(["address", "undefined"])("are ended by the %s sanitizer at a fault", async (control) => {
    await build("pre", control, [`-DSANITIZER_CONTROL="${control}"`]);
    const env = { CNI_COMMAND: "DEL" };
    const { code, stderr } = await runTap({ role: "pre", exe: built(control), env, stdin: "{}" });
    expect(code).toBe(86);
    expect([...takeReports(), stderr].join("\n")).toMatch(
      /global-buffer-overflow|runtime error: shift exponent/,
    );
  });

  test("pass the conformance suite without a report", { timeout: 900_000 }, async () => {
    const { code, output } = await runSuites("test/conformance");
    expect(takeReports()).toEqual([]);
    expect(code, output).toBe(0);
  });

  test("stand in for a plugin without a report", { timeout: 900_000 }, async () => {
    await buildWrap();
    const { code, output } = await runSuites(...WRAP_SUITES);
    expect(takeReports()).toEqual([]);
    expect(code, output).toBe(0);
  });

  test("wait and write for the observer without a report", { timeout: 900_000 }, async () => {
    await buildRemote("sanitized", SANITIZED);
    // What is given back stays a while with the sanitizer.
    const { code, output } = await runSuites("test/native/observe", "-t", "^(?!.*in (the )?memory)");
    expect(takeReports()).toEqual([]);
    expect(code, output).toBe(0);
  });

  test.skipIf(whyNoDriver() !== "")(
    `answer ${FUZZED} mutated calls without a report`,
    { timeout: 3_600_000 },
    async () => {
      const driver = await Driver.build("sanitized", SANITIZED);
      try {
        expect((await tryCalls(driver, makeCalls(1, 0, FUZZED))).slice(0, 3)).toEqual([]);
        expect(takeReports()).toEqual([]);
      } finally {
        driver.remove();
      }
    },
  );
});

describe.each<CCompiler>(["musl-gcc", "gcc"])("%s", (compiler) => {
  test.each([["-O2"], ["-DTAP_TEST_FAULTS"]])(
    "compiles the host with %s and has nothing to warn of",
    async (flag) => {
      expect(await compileHost({ compiler, flags: ["-Werror", flag] })).toHaveLength(24);
      expect(await compileHost({ program: "wrap", compiler, flags: ["-Werror", flag] })).toHaveLength(30);
      expect(await compileHost({ program: "observe", compiler, flags: ["-Werror", flag] })).toHaveLength(25);
    },
  );
});

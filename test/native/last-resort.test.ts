import { constants } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { buildTap } from "../../scripts/build/tap.ts";
import { ROOT } from "../../scripts/cache-dir.ts";
import { runTap, type TapRun } from "../support/run-tap.ts";

/*
 * Taps whose script gives no answer: the host must. Each is the real executable with another script; crashes and
 * failing allocations need a host compiled with TAP_TEST_FAULTS.
 */

const SCRIPTS = [
  "throws",
  "returns",
  "throws-late",
  "loops",
  "loops-in-builtin",
  "exhausts-memory",
  "overflows-stack",
];
const SIGNALS = ["SIGSEGV", "SIGBUS", "SIGABRT", "SIGFPE", "SIGILL"] as const;

const built = (name: string) => join(ROOT, "build", "faulty", name);

beforeAll(async () => {
  for (const script of SCRIPTS) {
    await buildTap({
      entry: join(ROOT, "test/native/faulty", `${script}.ts`),
      out: built(script),
      name: "cni_post",
    });
  }
  const flags = ["-DTAP_TEST_FAULTS"];
  await buildTap({
    entry: join(ROOT, "test/native/faulty/crashes.ts"),
    out: built("crashes"),
    name: "cni_post",
    flags,
  });
  await buildTap({
    entry: join(ROOT, "src/tap/cni-post.ts"),
    out: built("allocates"),
    name: "cni_post",
    flags,
  });
});

const RESULT = '{ "ips":[{"address":"10.1.2.3/24"}], "big":9007199254740993 }';
const SUPPORTED = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

interface Case {
  readonly what: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly code: number;
  check(stdout: string): void;
}

const id = { CNI_CONTAINERID: "c1" };
const is = (text: string) => (stdout: string) => expect(stdout).toBe(text);
const isError = (code: number, cniVersion: string) => (stdout: string) =>
  expect(JSON.parse(stdout)).toEqual({ cniVersion, code, msg: expect.stringMatching(/./), details: "" });

const CASES: Case[] = [
  {
    what: "ADD gives prevResult back",
    env: { CNI_COMMAND: "ADD", ...id },
    stdin: `{"prevResult":${RESULT},"name":"n"}`,
    code: 0,
    check: is(RESULT),
  },
  {
    what: "ADD without one gives cniVersion",
    env: { CNI_COMMAND: "ADD", ...id },
    stdin: '{"cniVersion":"0.3.1","prevResult":null}',
    code: 0,
    check: is('{"cniVersion":"0.3.1"}'),
  },
  {
    what: "ADD without either gives an object",
    env: { CNI_COMMAND: "ADD", ...id },
    stdin: "{}",
    code: 0,
    check: is("{}"),
  },
  {
    what: "ADD without an ID is refused",
    env: { CNI_COMMAND: "ADD" },
    stdin: '{"cniVersion":"1.0.0"}',
    code: 1,
    check: isError(4, "1.0.0"),
  },
  {
    what: "ADD of no JSON is refused",
    env: { CNI_COMMAND: "ADD", ...id },
    stdin: '{"cniVersion":"1.0.0"',
    code: 1,
    check: isError(6, "1.1.0"),
  },
  {
    what: "CHECK passes",
    env: { CNI_COMMAND: "CHECK", ...id },
    stdin: `{"prevResult":${RESULT}}`,
    code: 0,
    check: is(""),
  },
  {
    what: "CHECK of no JSON is refused",
    env: { CNI_COMMAND: "CHECK", ...id },
    stdin: "",
    code: 1,
    check: isError(6, "1.1.0"),
  },
  {
    what: "DEL passes",
    env: { CNI_COMMAND: "DEL", ...id },
    stdin: `{"prevResult":${RESULT}}`,
    code: 0,
    check: is(""),
  },
  { what: "DEL passes whatever is wrong", env: { CNI_COMMAND: "DEL" }, stdin: "no", code: 0, check: is("") },
  { what: "GC passes", env: { CNI_COMMAND: "GC" }, stdin: "{}", code: 0, check: is("") },
  { what: "STATUS passes", env: { CNI_COMMAND: "STATUS" }, stdin: "{}", code: 0, check: is("") },
  { what: "an unknown command passes", env: { CNI_COMMAND: "NEW" }, stdin: "{}", code: 0, check: is("") },
  {
    what: "VERSION has its list",
    env: { CNI_COMMAND: "VERSION" },
    stdin: "",
    code: 0,
    check: (stdout) =>
      expect(JSON.parse(stdout)).toEqual({ cniVersion: "1.1.0", supportedVersions: SUPPORTED }),
  },
  {
    what: "VERSION has the version asked for",
    env: { CNI_COMMAND: "VERSION" },
    stdin: '{"cniVersion":"2.0.0"}',
    code: 0,
    check: (stdout) =>
      expect(JSON.parse(stdout)).toEqual({ cniVersion: "2.0.0", supportedVersions: [...SUPPORTED, "2.0.0"] }),
  },
];

function expectAnswer(run: TapRun, { code, check }: Case): void {
  expect(run.signal).toBeNull();
  expect(run.code).toBe(code);
  check(run.stdout.toString());
  expect(run.stderr).toBe("cni_post: tap script failed\n");
}

describe.each(SCRIPTS)("where the script %s", (script) => {
  test.each(CASES)("$what", async (wanted) => {
    const { env, stdin } = wanted;
    expectAnswer(await runTap({ role: "post", exe: built(script), env, stdin, timeoutMs: 30_000 }), wanted);
  });
});

describe.each(SIGNALS)("where the script crashes with %s", (signal) => {
  test.each(CASES)("$what", async (wanted) => {
    const env = { ...wanted.env, TAP_TEST_SIGNAL: String(constants.signals[signal]) };
    expectAnswer(await runTap({ role: "post", exe: built("crashes"), env, stdin: wanted.stdin }), wanted);
  });
});

describe("where memory is refused", () => {
  const stdin = `{"cniVersion":"1.0.0","logFile":"/nonexistent/cni.log","logFormat":"json","prevResult":${RESULT}}`;

  test("at any allocation, the reply is the same", async () => {
    let failed = 0;
    let allocation = 1;
    // Ends where a whole call needs no more allocations than this.
    for (; ; allocation += allocation < 200 ? 7 : 23) {
      const env = { CNI_COMMAND: "ADD", ...id, TAP_TEST_ALLOCATION: String(allocation) };
      const run = await runTap({ role: "post", exe: built("allocates"), env, stdin });
      expect([run.signal, run.code, run.stdout.toString()], `allocation ${allocation}`).toEqual([
        null,
        0,
        RESULT,
      ]);
      if (run.stderr.includes("tap script failed")) failed++;
      else if (allocation > 3000) break;
    }
    expect(failed).toBeGreaterThan(50);
  });
});

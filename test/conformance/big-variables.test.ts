import { describe, expect, test } from "vitest";
import { roles, runTap } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";

/** The kernel allows 128 KB for one variable, its name included (execve(2), MAX_ARG_STRLEN). */
const MAX_BYTES = 131_000;

describe.each(roles)("cni_%s logs the largest variables that the kernel allows", (role) => {
  test.each(["classic", "json"])("full of control characters, in the %s format", async (logFormat) => {
    const scratch = useScratch();
    const odd = "\u0001".repeat(MAX_BYTES);
    const names = ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS", "TRACEPARENT", "TRACESTATE"];
    const env = { CNI_COMMAND: "ADD", ...Object.fromEntries(names.map((name) => [name, odd])) };
    const { logFile, lockFile } = scratch;
    const run = await runTap({
      role,
      env,
      stdin: JSON.stringify({ logFile, lockFile, logFormat, name: "n" }),
    });
    expect([run.code, run.stderr, run.stdout.toString()]).toEqual([0, "", "{}"]);
    const escaped = (logFormat === "json" ? "\\u0001" : "\\x01").repeat(MAX_BYTES);
    expect(scratch.lines()).toHaveLength(1);
    expect(scratch.lines()[0]?.split(escaped)).toHaveLength(logFormat === "json" ? 7 : 2);
  });

  test("CNI_ARGS with as many pairs as fit", async () => {
    const scratch = useScratch();
    const pairs = Array.from({ length: 20_000 }, (_, index) => `a${index.toString(36)}`);
    const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c", CNI_ARGS: pairs.join(";").slice(0, MAX_BYTES) };
    const { logFile, lockFile } = scratch;
    const run = await runTap({ role, env, stdin: JSON.stringify({ logFile, lockFile, logFormat: "json" }) });
    expect([run.code, run.stderr]).toEqual([0, ""]);
    const line: { args: Record<string, string> } = JSON.parse(scratch.lines()[0] ?? "");
    expect(Object.keys(line.args).length).toBeGreaterThan(19_000);
  });
});

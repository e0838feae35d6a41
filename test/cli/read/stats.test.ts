import { readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { generateLog, type LogOptions } from "../../../scripts/log/generate.ts";
import { tapLine } from "../../story/support.ts";
import { useScratch } from "../../support/scratch.ts";
import { cnitap } from "../support/host.ts";

const OPTIONS = { seed: 5, bytes: 1_500_000 } as const;

function made(options: LogOptions = OPTIONS) {
  let text = "";
  const truth = generateLog(options, (more) => {
    text += more;
  });
  return { text, truth };
}

function useLog(text: string): string {
  const path = useScratch().path("cni.log");
  writeFileSync(path, text);
  return path;
}

interface Row {
  readonly command: string;
  readonly network?: string;
  readonly calls: number;
  readonly failed: number;
  readonly unfinished: number;
  readonly p99Ms: number | null;
}

async function rowsOf(path: string, ...args: readonly string[]): Promise<Row[]> {
  const { out } = await cnitap("stats", "--json", "--log-file", path, ...args);
  return out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function sum(rows: readonly Row[], command: string, key: "calls" | "failed" | "unfinished"): number {
  return rows.filter((row) => row.command === command).reduce((all, row) => all + row[key], 0);
}

describe("cnitap stats", () => {
  test("counts the calls and failures that a made log has", async () => {
    const { text, truth } = made();
    expect(truth.failedAdds).toBeGreaterThan(0);
    expect(truth.failedDels).toBeGreaterThan(0);
    const path = useLog(text);
    for (const by of ["network", "namespace"]) {
      const rows = await rowsOf(path, "--by", by);
      expect([sum(rows, "ADD", "calls"), sum(rows, "ADD", "failed")]).toEqual([truth.adds, truth.failedAdds]);
      expect([sum(rows, "DEL", "calls"), sum(rows, "DEL", "failed")]).toEqual([truth.dels, truth.failedDels]);
    }
    // No chain takes that long in a made log: a run that failed is not joined with the next one.
    for (const { p99Ms } of await rowsOf(path)) expect(p99Ms).toBeLessThan(150);
    expect(sum(await rowsOf(path, "--by", "plugin"), "ADD", "unfinished")).toBe(truth.killed);
  });

  test("shows a table with times whose quantiles are right to 3 %", async () => {
    const lines = Array.from({ length: 100 }, (_, at) => [
      tapLine("ADD", "pre", { at: at * 1000, id: `c${at}` }),
      tapLine("ADD", "post", { at: at * 1000 + at + 1, id: `c${at}` }),
    ]).flat();
    const path = useLog(`${lines.join("\n")}\n`);
    expect((await cnitap("stats", "--log-file", path)).out).toMatch(
      /^NETWORK {2}CALL {2}CALLS {2}FAILED {2}NO END {2}P50 ms {2}P90 ms {2}P99 ms\nnet {6}ADD +100 +5[0-2] +(89|9[0-3]) +(9[7-9]|10[0-2])\n$/,
    );
  });

  test("says so if nothing is wrapped, and prints nothing for an empty log", async () => {
    const path = useLog("");
    expect(await cnitap("stats", "--log-file", path)).toEqual({ code: 0, out: "", err: "" });
    expect((await cnitap("stats", "--by", "plugin", "--log-file", path)).err).toContain("--mode wrap");
  });

  test("writes counters for Prometheus that go on when the log has lost its older half", async () => {
    const { text } = made();
    const lines = text.split("\n");
    const half = Math.floor(lines.length / 2);
    const file = useScratch().path("cnitap.prom");
    const write = async (log: string) => {
      expect(await cnitap("stats", "--prometheus", file, "--log-file", useLog(log))).toMatchObject({
        code: 0,
        out: "",
      });
      return readFileSync(file, "utf8");
    };
    const whole = await write(text);
    expect(await write(text)).toBe(whole);
    expect(await write(lines.slice(half).join("\n"))).toBe(whole);
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(whole).toContain("# TYPE cnitap_cni_calls_total counter\n");
    expect(whole).toMatch(
      /^cnitap_cni_call_duration_seconds_bucket\{network="storage",command="ADD",le="0\.05"\} \d+$/m,
    );
    expect(whole).toMatch(/^cnitap_cni_last_call_timestamp_seconds 17952\d+\.\d+$/m);
    for (const line of whole.trimEnd().split("\n"))
      expect(line).toMatch(
        /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? \d[\d.e+-]*)$/,
      );
  });

  test("begins anew where the file is another one, and says if it cannot be written", async () => {
    const file = useScratch().path("cnitap.prom");
    writeFileSync(file, "something else\n");
    const path = useLog(made().text);
    expect(await cnitap("stats", "--prometheus", file, "--log-file", path)).toMatchObject({ code: 0 });
    expect(readFileSync(file, "utf8")).not.toContain("something else");
    expect(await cnitap("stats", "--prometheus", `${file}/x`, "--log-file", path)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^cnitap: Cannot (read|write) /),
    });
  });
});

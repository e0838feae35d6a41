import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { holdLock } from "../support/hold-lock.ts";
import { classicLine } from "../support/log-lines.ts";
import { runTap, type TapRun } from "../support/run-tap.ts";
import { useScratch } from "../support/scratch.ts";
import { stanza } from "../support/stanza.ts";

const body = '{"cniVersion":"1.0.0"}';

/** Makes `count` ADDs at once, alternating between the taps. */
async function addTogether(count: number, stdin: string): Promise<{ runs: TapRun[]; lines: string[] }> {
  const ids = Array.from({ length: count }, (_, i) => `id-${i}`);
  const runs = await Promise.all(
    ids.map((id, i) =>
      runTap({ role: i % 2 ? "pre" : "post", env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: id }, stdin }),
    ),
  );
  return { runs, lines: ids.map((id) => classicLine("ADD", id, "input", stdin)).sort() };
}

/** Sorted, and short enough to read in a failure's diff. */
function brief(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/f{9,}/g, (run) => `(f ${run.length} times)`)).sort();
}

test("taps that write at once write whole lines", async () => {
  const scratch = useScratch();
  const text = `{"cniVersion":"1.0.0","filler":"${"f".repeat(30_000)}"}`;
  const { runs, lines } = await addTogether(40, stanza(scratch, text, { lockTimeoutMs: 5_000 }));
  for (const run of runs) expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(brief(scratch.lines())).toEqual(brief(lines));
});

test("taps that cannot get the lock write whole lines as well", async () => {
  const scratch = useScratch();
  await holdLock(scratch.lockFile);
  const text = `{"cniVersion":"1.0.0","filler":"${"f".repeat(200_000)}",\n"a":1}`;
  const stdin = stanza(scratch, text, { lockTimeoutMs: 0 });
  const { lines } = await addTogether(24, stdin);
  // A tap that looks at the log's end while another writes may see half a line. Then it puts a line feed first.
  const written = scratch.lines().filter((line) => line !== "");
  expect(brief(written)).toEqual(brief(lines.map((line) => line.replace("\n", " "))));
});

for (const [how, noLockFile] of [
  ["at once", false],
  ["at once, without a lock file,", true],
] as const) {
  test(`taps that find a large log ${how} lose none of its lines and none of their own`, async () => {
    const scratch = useScratch();
    if (noLockFile) mkdirSync(scratch.lockFile);
    const old = `${"o".repeat(50_000)}\n`;
    writeFileSync(scratch.logFile, old, { mode: 0o600 });
    const stdin = stanza(scratch, body, { logMaxBytes: 40_000, lockTimeoutMs: 5_000 });
    const { runs, lines } = await addTogether(24, stdin);
    for (const run of runs) expect(run.code).toBe(0);
    const kept = readFileSync(`${scratch.logFile}.1`, "utf8");
    expect(kept.startsWith(old)).toBe(true);
    const all = [...kept.slice(old.length).split("\n"), ...scratch.lines()].filter((line) => line !== "");
    expect(all.sort()).toEqual(lines);
    expect(scratch.names()).toEqual(["cni.lock", "cni.log", "cni.log.1"]);
  });
}

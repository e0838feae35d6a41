import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { executableOf, findObservers, isOutdated } from "../../src/machine/observer-processes.ts";
import { Root } from "../../src/machine/root.ts";
import { useScratch } from "../support/scratch.ts";

/** A process of a copy of sleep with this name. */
async function run(path: string): Promise<number> {
  copyFileSync("/bin/sleep", path);
  const child = spawn(path, ["60"], { stdio: "ignore", argv0: "cnitap" });
  onTestFinished(() => void child.kill("SIGKILL"));
  await new Promise((resolve) => child.on("spawn", resolve));
  return child.pid ?? 0;
}

test("observers are found by their executable, also one that is gone, with arguments and start", async () => {
  const { path } = useScratch();
  const names = ["cnitap-observe", "cnitap-observe-0123456789abcdef", "cnitap-observe-x", "cnitap"].map(path);
  const pids = await Promise.all(names.map(run));
  rmSync(path("cnitap-observe"));
  const found = findObservers(new Root())?.filter(({ pid }) => pids.includes(pid)) ?? [];
  expect(found.map((one) => [one.pid, one.path, one.args])).toEqual(
    [0, 1].map((at) => [pids[at], names[at], ["cnitap", "60"]]).sort(([a], [b]) => Number(a) - Number(b)),
  );
  for (const { pid, startedMs } of found) {
    expect(Math.abs(startedMs - Date.now())).toBeLessThan(60_000);
    expect(executableOf(new Root(), pid)).toEqual(readFileSync("/bin/sleep"));
  }
});

test("an observer that has started before the record was written is outdated", () => {
  const { folder } = useScratch();
  const root = new Root(folder);
  const started = { pid: 1, path: "", args: [], startedMs: 1_000_000 };
  expect(isOutdated(root, started)).toBe(false);
  const record = join(folder, "/var/lib/cni-tap/wanted.json");
  mkdirSync(join(folder, "/var/lib/cni-tap"), { recursive: true });
  writeFileSync(record, "{}");
  expect(isOutdated(root, started)).toBe(true);
  utimesSync(record, 999, 1001);
  expect(statSync(record).mtimeMs).toBe(1_001_000);
  expect(isOutdated(root, started)).toBe(false);
});

test("where no processes can be seen, none is told", () => {
  expect(findObservers(new Root(useScratch().folder))).toBeNull();
});

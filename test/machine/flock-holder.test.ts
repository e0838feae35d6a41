import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { flockHolder } from "../../src/machine/flock-holder.ts";
import { holdLock } from "../support/hold-lock.ts";
import { useScratch } from "../support/scratch.ts";

test("flockHolder names the holder of a file's lock, not a process that waits for it", async () => {
  const { path } = useScratch();
  for (const name of ["a", "b"]) writeFileSync(path(name), "");
  expect(flockHolder(path("none"))).toBeNull();
  const held = await holdLock(path("a"));
  const holder = flockHolder(path("a"));
  expect(holder).toMatch(/^pid \d+ \(\w+\)$/);
  expect(flockHolder(path("b"))).toBeNull();
  const waiter = spawn("flock", [path("a"), "true"]);
  const ended = once(waiter, "close");
  onTestFinished(() => void waiter.kill());
  const waits = new RegExp(`-> FLOCK .* ${waiter.pid} `);
  await waitFor("the process that waits", () => waits.test(readFileSync("/proc/locks", "utf8")));
  expect(flockHolder(path("a"))).toBe(holder);
  await held.release();
  await ended;
  expect(flockHolder(path("a"))).toBeNull();
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { findCalls, waitForCalls } from "../../src/machine/calls.ts";
import { Root } from "../../src/machine/root.ts";
import { useScratch } from "../support/scratch.ts";

/** A folder of links whose wrapper is cat(1), and processes that end with the test. */
function useLinks() {
  const { path } = useScratch();
  mkdirSync(path("bin/cni-tap"), { recursive: true });
  copyFileSync("/bin/cat", path("bin/cni_wrap"));
  symlinkSync("../cni_wrap", path("bin/cni-tap/host-local"));
  const start = async (file: string, cniPath: string) => {
    const child = spawn(file, { env: { CNI_PATH: cniPath } });
    onTestFinished(() => void child.kill("SIGKILL"));
    child.stdin.write("\n");
    await once(child.stdout, "data"); // it has been executed
    const stop = async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    };
    return { pid: String(child.pid), stop };
  };
  return { path, start, links: path("bin/cni-tap") };
}

test("findCalls finds processes with the folder in their CNI_PATH, by whatever path", async () => {
  const { path, start, links } = useLinks();
  symlinkSync("bin", path("other"));
  const calls = [
    await start(`${links}/host-local`, links),
    await start("/bin/cat", `/nowhere:${path("other/cni-tap")}`),
  ];
  await start(path("bin/cni_wrap"), path("bin"));
  await start("/bin/cat", `${path("bin")}:/nowhere/cni-tap:${path("bin/cni_wrap")}`);
  expect(findCalls(new Root(), links).sort()).toEqual(calls.map(({ pid }) => pid).sort());
});

test("waitForCalls waits until they have ended, and returns those that have not", async () => {
  const { start, links } = useLinks();
  const call = await start(`${links}/host-local`, links);
  expect(await waitForCalls(new Root(), links, 0)).toEqual([call.pid]);
  const order: string[] = [];
  const waiting = waitForCalls(new Root(), links, 60_000).then((calls) =>
    order.push(`waited ${calls.length}`),
  );
  await new Promise(setImmediate);
  order.push("stop");
  await call.stop();
  await waiting;
  expect(order).toEqual(["stop", "waited 0"]);
});

test("waitForCalls does not wait where processes cannot be seen", async () => {
  expect(await waitForCalls(new Root(useScratch().folder), "/bin/cni-tap", 60_000)).toEqual([]);
});

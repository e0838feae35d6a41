import { readFileSync, writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { podLine, tapLine } from "../../story/support.ts";
import { useScratch } from "../../support/scratch.ts";
import { cnitap } from "../support/host.ts";

/** Pods in a file of the log. */
const PODS_A_FILE = 150;
const READINGS = 10;
/** More than are ever written, at 1 ms a pod. */
const PODS = 20_000;

/** Appends pods to a log until it is told to end, and rotates it as taps do: the log's name is never free. */
const WRITER = `
const { workerData: { path, pods, aFile, shared } } = require("node:worker_threads");
const { appendFileSync, linkSync, renameSync, writeFileSync } = require("node:fs");
const [WRITTEN, END] = [0, 1];
const state = new Int32Array(shared);
for (const [at, text] of pods.entries()) {
  if (Atomics.load(state, END) === 1) break;
  if (at > 0 && at % aFile === 0) {
    linkSync(path, path + ".old");
    renameSync(path + ".old", path + ".1");
    writeFileSync(path + ".new", "");
    renameSync(path + ".new", path);
  }
  for (const line of text) appendFileSync(path, line);
  Atomics.store(state, WRITTEN, at + 1);
  Atomics.notify(state, WRITTEN);
  Atomics.wait(state, END, 0, 1);
}
`;

interface Live {
  /** How many pods are whole in the log. */
  written(): number;
  /** Waits until so many are. */
  waitFor(count: number): void;
}

/** A log that grows and is rotated by another thread. */
function useLiveLog(path: string, pods: readonly (readonly string[])[]): Live {
  writeFileSync(path, "");
  const shared = new SharedArrayBuffer(8);
  const state = new Int32Array(shared);
  const workerData = { path, pods, aFile: PODS_A_FILE, shared };
  const worker = new Worker(WRITER, { eval: true, workerData });
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  onTestFinished(async () => {
    Atomics.store(state, 1, 1);
    await ended;
  });
  const written = () => Atomics.load(state, 0);
  const waitFor = (count: number) => {
    for (let now = written(); now < count; now = written()) Atomics.wait(state, 0, now, 100);
  };
  return { written, waitFor };
}

function podLines(n: number): string[] {
  const about = { id: `c${n}`, pod: `default/web-${n}`, netns: `/n${n}` };
  const result = {
    interfaces: [{ name: "eth0", sandbox: about.netns }],
    ips: [{ address: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/8`, interface: 0 }],
  };
  return [
    tapLine("ADD", "pre", { at: n * 10, ...about }),
    tapLine("ADD", "post", { at: n * 10 + 5, ...about }, result),
    podLine("RunPodSandbox", { at: n * 10 + 6, ...about }, [`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`]),
  ].map((line) => `${line}\n`);
}

test("a log that grows and is rotated while it is read loses no pod and has none twice", async () => {
  const path = useScratch().path("cni.log");
  const live = useLiveLog(
    path,
    Array.from({ length: PODS }, (_, n) => podLines(n)),
  );
  let newest = PODS_A_FILE + 1;
  const read = async (...args: readonly string[]) => {
    live.waitFor(Math.min(PODS, newest + 1));
    const before = live.written();
    const { code, out, err } = await cnitap(...(args as [string]), "--log-file", path);
    newest = live.written();
    expect([code, err.split("The log has: ")[0]]).toEqual([0, ""]);
    return {
      before,
      rows: out.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : [])),
    };
  };
  for (let count = 0; count < READINGS; count++) {
    const { before, rows } = await read("pods", "--all", "--json");
    const whole = rows.filter(({ addMs }) => addMs !== null);
    const numbers = whole.map(({ containerId }) => Number(containerId.slice(1))).sort((a, b) => a - b);
    const [first = 0, last = 0] = [numbers[0], numbers.at(-1)];
    expect(last).toBeGreaterThanOrEqual(before - 1);
    expect(numbers).toEqual(Array.from({ length: last - first + 1 }, (_, at) => first + at));
    // One that began before the log, and one that is being written.
    expect(rows.length - whole.length).toBeLessThanOrEqual(2);

    const counts = await read("stats", "--json");
    expect(counts.rows).toHaveLength(1);
    expect(counts.rows[0]).toMatchObject({ command: "ADD", failed: 0 });
    expect(counts.rows[0].calls).toBeLessThanOrEqual(newest + 1);
    expect((await read("audit", "--json")).rows).toEqual([]);
    const { rows: shown } = await read("show", `web-${live.written() - 1}`, "--json");
    expect(shown).toHaveLength(1);
  }
  expect(readFileSync(`${path}.1`).length).toBeGreaterThan(0);
});

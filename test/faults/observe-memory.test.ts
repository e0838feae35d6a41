import { expect, test } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { observeRuntime } from "../cli/observe/support/observing.ts";
import { classicPodLineOf, podNumber, tell } from "../cli/observe/support/pods.ts";
import { useScratch } from "../support/scratch.ts";
import { howOften } from "../support/soak.ts";
import { childrenOf, memoryOf } from "./support/writers.ts";

/** Pods that come and go at a time, and how many such generations: a busy node has as many in a month, in soak a year. */
const AT_ONCE = 50;
const GENERATIONS = howOften(60, 3_000);
/** What the heaps may differ by, of 1,400 KB: pages that are in use at one time and not at another. */
const SLACK_KB = 400;

test("an observer and its writers use no more memory after a hundred times as many events", async () => {
  const scratch = useScratch();
  const args = ["-log-file", scratch.logFile, "-lock-file", scratch.lockFile, "-set", "logMaxBytes=1000000"];
  const { observing, connection } = await observeRuntime({ args });
  observing.child.stderr?.removeAllListeners("data").resume(); // not to be kept here
  await connection.start();
  let number = 0;
  const generation = async () => {
    const numbers = Array.from({ length: AT_ONCE }, () => number++);
    const pods = numbers.map((one) =>
      podNumber(one, { labels: { app: "x".repeat(one % 90), number: `${one}` } }),
    );
    for (const event of ["run", "stop", "remove"] as const)
      await Promise.all(pods.map((pod) => tell(connection, event, pod)));
    const last = classicPodLineOf("RemovePodSandbox", number - 1);
    await waitFor("the last line", () => scratch.linesSoFar().at(-1) === last);
  };
  const memories = () => [observing.pid, ...childrenOf(observing.pid).map(({ pid }) => pid)].map(memoryOf);
  for (let i = 0; i < 20; i++) await generation();
  const before = memories();
  for (let i = 0; i < GENERATIONS; i++) await generation();
  const after = memories();
  expect(after).toHaveLength(3);
  for (const [at, kb] of after.entries())
    expect(kb - (before[at] ?? 0), `${before} KB, then ${after}`).toBeLessThan(SLACK_KB);
  expect((await observing.end()).code).toBe(0);
}, 600_000);

test("an observer uses no more memory after runtimes that come and go", async () => {
  const { observing, runtime, connection } = await observeRuntime();
  observing.child.stderr?.removeAllListeners("data").resume(); // not to be kept here
  const again = async (times: number, first = connection) => {
    let now = first;
    for (let i = 0; i < times; i++) {
      await now.start({ pods: [podNumber(1)] });
      const next = runtime.next();
      now.socket.destroy();
      now = await next;
    }
    return now;
  };
  const warm = await again(60); // as much as is collected at once
  const before = memoryOf(observing.pid);
  await again(howOften(40, 4_000), warm);
  expect(memoryOf(observing.pid) - before, `${before} KB before`).toBeLessThan(150);
  expect((await observing.end()).code).toBe(0);
}, 600_000);

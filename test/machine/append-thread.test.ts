import { readdirSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { AppendThread } from "../../src/machine/append-thread.ts";
import { useScratch } from "../support/scratch.ts";

const encode = (...lines: readonly string[]) => lines.map((line) => Buffer.from(`${line}\n`));
const threads = () => readdirSync("/proc/self/task").length;

test("AppendThread writes lines unchanged and returns how many", async () => {
  const { logFile, lines, path } = useScratch();
  const thread = new AppendThread();
  expect(await thread.append(logFile, encode("a", "", "ccc"), 0)).toEqual({ lines: 3, fault: null });
  const fault = `Cannot open ${path("none/log")}: it is not there`;
  expect(await thread.append(path("none/log"), encode("x"), 0)).toEqual({ lines: 0, fault });
  expect(await thread.append(logFile, encode("d"), 0)).toEqual({ lines: 1, fault: null });
  expect(lines()).toEqual(["a", "", "ccc", "d"]);
});

test("AppendThread uses one thread and no more listeners for many writes", async () => {
  const warnings: string[] = [];
  const warn = ({ name }: Error) => void warnings.push(name);
  process.on("warning", warn);
  onTestFinished(() => void process.off("warning", warn));
  const { logFile, lines } = useScratch();
  const thread = new AppendThread();
  await thread.append(logFile, encode("first"), 0);
  const before = threads();
  for (let i = 0; i < 40; i++) await thread.append(logFile, encode(`${i}`), 0);
  expect(lines()).toHaveLength(41);
  expect(threads() - before).toBeLessThan(20); // Node starts some of its own at any time
  expect(warnings).toEqual([]); // for example of too many listeners
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { onTestFinished } from "vitest";

export interface HeldLock {
  release(): Promise<void>;
}

/** Starts a process that holds flock(2) on the file until it is released or the test ends; `as` is a command to run it. */
export async function holdLock(path: string, as: readonly string[] = []): Promise<HeldLock> {
  // 0600: a lock file that others may open is replaced, not waited for.
  const script = 'umask 077; exec flock "$0" sh -c "echo held; cat"';
  const [command = "sh", ...args] = [...as, "sh", "-c", script, path];
  const holder = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(holder, "close");
  async function release(): Promise<void> {
    holder.stdin.end();
    await ended;
  }
  onTestFinished(release);
  await once(holder.stdout, "data");
  return { release };
}

/** Waits until the process has the file open. */
export async function untilOpen(pid: number, path: string, timeoutMs = 5_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!openFiles(pid).includes(path)) {
    if (performance.now() > deadline)
      throw new Error(`Process ${pid} did not open ${path} within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function openFiles(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  return names(directory).map((fd) => {
    try {
      return readlinkSync(`${directory}/${fd}`);
    } catch {
      return ""; // closed in between
    }
  });
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // not started yet, or already gone
  }
}

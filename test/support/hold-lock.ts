import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { onTestFinished } from "vitest";

export interface HeldLock {
  release(): Promise<void>;
}

/** Another process holds flock(2) on the file, until it is released or the test ends; `as` is the command it is run by. */
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
      throw new Error(`Cannot see process ${pid} open ${path}: waited ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return names(folder).map((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`);
    } catch {
      return ""; // closed in between
    }
  });
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there yet, or no longer
  }
}

import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lock } from "proper-lockfile";
import { cannot, codeOf, MachineError } from "./machine-error.ts";

const STALE_MS = 5000;
const WAIT_MS = 60_000;
const RETRY_MS = 100;

/** The lock of a directory's edits: a directory that is there while somebody edits. */
export function lockPath(folder: string): string {
  return join(folder, ".cni-tap.lock");
}

/** Who has the lock: a file beside it, since the lock itself must stay empty. */
export function ownerPath(folder: string): string {
  return join(folder, ".cni-tap.lock-owner");
}

export interface Holder {
  /** "pid 12 on node-1"; "somebody" where it is not said. */
  readonly who: string;
  readonly forMs: number;
  /** Nobody has renewed it lately: its holder was killed, and the next one takes it over. */
  readonly stale: boolean;
}

/** Who holds a directory's lock; null when nobody does. */
export function lockHolder(folder: string): Holder | null {
  const stat = statSync(lockPath(folder), { throwIfNoEntry: false });
  if (!stat) return null;
  const now = Date.now();
  return { who: readOwner(folder), forMs: now - stat.birthtimeMs, stale: now - stat.mtimeMs > STALE_MS };
}

/**
 * Does something while nobody else edits the directory. The holder renews the lock; where it was killed the next one takes
 * the lock over 5 s later. At its end a dot-file goes from the directory, and that is what makes runtimes load it again
 * even where the change was in a directory of drop-ins, which they do not watch.
 * @param say is told once, when there is somebody to wait for
 * @throws {MachineError} when the lock cannot be had within a minute
 */
export async function withLock<T>(
  folder: string,
  say: (line: string) => void,
  action: () => Promise<T> | T,
): Promise<T> {
  const release = await acquire(folder, say);
  const owner = ownerPath(folder);
  try {
    writeFileSync(owner, `pid ${process.pid} on ${hostname()}\n`, { mode: 0o600 });
    return await action();
  } catch (error) {
    throw cannot(`edit the files in ${folder}`, error);
  } finally {
    rmSync(owner, { force: true });
    await release().catch(() => {}); // taken over by another one, who thought this one dead
  }
}

async function acquire(folder: string, say: (line: string) => void): Promise<() => Promise<void>> {
  const end = performance.now() + WAIT_MS;
  for (let told = false; ; ) {
    try {
      return await lock(folder, {
        lockfilePath: lockPath(folder),
        realpath: false,
        stale: STALE_MS,
        onCompromised: () => {}, // each write looks first whether the file is still the one it read
      });
    } catch (error) {
      if (codeOf(error) !== "ELOCKED") throw cannot(`lock ${folder}`, error);
      const what = `${lockPath(folder)}, held by ${readOwner(folder)}`;
      if (performance.now() > end) {
        throw new MachineError(
          `Cannot lock ${folder}: waited 60 s for ${what}\nEnd that command, and try again.`,
        );
      }
      if (!told) say(`waiting for ${what}`);
      told = true;
      await delay(RETRY_MS);
    }
  }
}

function readOwner(folder: string): string {
  try {
    return readFileSync(ownerPath(folder), "utf8").trim() || "somebody";
  } catch {
    return "somebody";
  }
}

import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lock } from "proper-lockfile";
import { cannot, codeOf, MachineError } from "./machine-error.ts";

const STALE_MS = 5000;
const WAIT_MS = 60_000;
const RETRY_MS = 100;

/** The lock for edits in a directory: itself a directory, which exists while a command edits. */
export function lockPath(folder: string): string {
  return join(folder, ".cni-tap.lock");
}

/** The file that names the lock's holder. It is beside the lock, which must stay empty. */
export function ownerPath(folder: string): string {
  return join(folder, ".cni-tap.lock-owner");
}

export interface Holder {
  /** "pid 12 on node-1", or "somebody" if unknown. */
  readonly who: string;
  readonly forMs: number;
  /** Not renewed for 5 s: its holder was killed, and the next command takes it over. */
  readonly stale: boolean;
}

/** The holder of a directory's lock; null if it is free. */
export function lockHolder(folder: string): Holder | null {
  const stat = statSync(lockPath(folder), { throwIfNoEntry: false });
  if (!stat) return null;
  const now = Date.now();
  return { who: readOwner(folder), forMs: now - stat.birthtimeMs, stale: now - stat.mtimeMs > STALE_MS };
}

/**
 * Runs an action under the directory's edit lock. The holder renews the lock; if it was killed, the next
 * command takes it over after 5 s. Removing the lock changes the directory, which makes runtimes reload it
 * even if only a drop-in changed, whose directory they do not watch.
 * @param say called once, if it has to wait
 * @throws {MachineError} if the lock is not free within a minute
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
    await release().catch(() => {}); // another command took over the lock, as stale
  }
}

async function acquire(folder: string, say: (line: string) => void): Promise<() => Promise<void>> {
  const end = performance.now() + WAIT_MS;
  for (let reported = false; ; ) {
    try {
      return await lock(folder, {
        lockfilePath: lockPath(folder),
        realpath: false,
        stale: STALE_MS,
        onCompromised: () => {}, // each write checks first that the file has not changed
      });
    } catch (error) {
      if (codeOf(error) !== "ELOCKED") throw cannot(`lock ${folder}`, error);
      const what = `${lockPath(folder)}, held by ${readOwner(folder)}`;
      if (performance.now() > end) {
        throw new MachineError(
          `Cannot lock ${folder}: waited 60 s for ${what}\nEnd that command, and try again.`,
        );
      }
      if (!reported) say(`waiting for ${what}`);
      reported = true;
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

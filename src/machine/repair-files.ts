import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Repair } from "../node-state/repairs.ts";
import { cannot, MachineError } from "./machine-error.ts";
import type { Root } from "./root.ts";

/** Below it, copies of what was removed keep their paths. */
export const REPAIRED = "/var/lib/cni-tap/repaired";
const LOCK_SECONDS = 5;

export interface Repaired {
  readonly path: string;
  /** The copy; null if the file is gone, or another one by now. */
  readonly copy: string | null;
}

/**
 * Removes files and keeps a copy of each. Those of host-local are removed under its own lock.
 * @param name the folder of the copies, below REPAIRED
 * @param done is told each file that was removed, or was not there any more
 * @throws {MachineError} if a lock is not to be had, or a file cannot be copied or removed
 */
export function repairFiles(
  root: Root,
  repairs: readonly Repair[],
  name: string,
  done: (repaired: Repaired) => void,
): void {
  for (const folder of new Set(repairs.map(({ lockIn }) => lockIn))) {
    const some = repairs.filter(({ lockIn }) => lockIn === folder);
    // Copies first: whoever waits for the lock is a pod that starts.
    const copies = some.map((repair) => keepCopy(root, repair, join(REPAIRED, name, repair.path)));
    const remove = () => copies.map((copied, at) => removeFile(root, copied, some[at]?.mtimeMs));
    for (const repaired of folder === null ? remove() : underLock(root, folder, remove)) done(repaired);
  }
}

/** Copies a file. Not if somebody has removed it, or has written another one. */
function keepCopy(root: Root, { path, mtimeMs }: Repair, copy: string): Repaired {
  try {
    if (!isSame(root.entry(path), mtimeMs)) return { path, copy: null };
    const target = join(root.at("/var/lib"), copy.slice("/var/lib/".length));
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    copyFileSync(root.entry(path), target, constants.COPYFILE_EXCL);
    chmodSync(target, 0o600);
    return { path, copy };
  } catch (error) {
    throw cannot(`copy ${path} to ${copy}`, error);
  }
}

function removeFile(root: Root, { path, copy }: Repaired, mtimeMs: number | undefined): Repaired {
  const at = root.entry(path);
  if (copy === null || mtimeMs === undefined || !isSame(at, mtimeMs)) return { path, copy: null };
  try {
    rmSync(at);
    return { path, copy };
  } catch (error) {
    throw cannot(`remove ${path}`, error);
  }
}

function isSame(at: string, mtimeMs: number): boolean {
  const stat = lstatSync(at, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.mtimeMs === mtimeMs;
}

/**
 * Runs an action while a directory of host-local is locked as host-local does: flock(2) of its file `lock`. Node.js has no
 * flock(2), so flock(1) locks the descriptor that it inherits, and the lock stays with the open file.
 */
function underLock<T>(root: Root, folder: string, action: () => T): T {
  const path = join(root.at(folder), "lock");
  let fd: number;
  try {
    const { O_RDONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
    fd = openSync(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (error) {
    throw cannot(`lock ${folder}`, error);
  }
  try {
    if (!fstatSync(fd).isFile())
      throw new MachineError(`Cannot lock ${folder}: ${basename(path)} is no regular file`);
    const { status, error } = spawnSync("flock", ["-w", String(LOCK_SECONDS), "3"], {
      stdio: ["ignore", "ignore", "ignore", fd],
      timeout: (LOCK_SECONDS + 1) * 1000,
      killSignal: "SIGKILL",
    });
    if (error !== undefined && status === null)
      throw new MachineError(
        `Cannot lock ${folder}: there is no flock(1) here\nInstall util-linux; host-local's files are not touched without its lock.`,
      );
    if (status !== 0)
      throw new MachineError(
        `Cannot lock ${folder}: waited ${LOCK_SECONDS} s for ${join(folder, "lock")}\nSomebody holds host-local's lock: fuser ${join(folder, "lock")} names the process.`,
      );
    return action();
  } finally {
    closeSync(fd);
  }
}

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
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Repair } from "../node-state/repairs.ts";
import { removeDurably, syncFolder } from "./atomic-file.ts";
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
 * @throws {MachineError} if a lock is not to be had, or a file cannot be copied or removed
 */
export function repairFiles(root: Root, repairs: readonly Repair[], name: string): Repaired[] {
  const byLock = new Map<string | null, Repair[]>();
  for (const repair of repairs) byLock.set(repair.lockIn, [...(byLock.get(repair.lockIn) ?? []), repair]);
  return [...byLock].flatMap(([folder, some]) => {
    const act = () =>
      some.map((repair) => removeKeepingCopy(root, repair, join(REPAIRED, name, repair.path)));
    return folder === null ? act() : underLock(root, folder, act);
  });
}

function removeKeepingCopy(root: Root, { path, mtimeMs }: Repair, copy: string): Repaired {
  const at = root.entry(path);
  const stat = lstatSync(at, { throwIfNoEntry: false });
  // Somebody has removed it, or written another one.
  if (!stat?.isFile() || stat.mtimeMs !== mtimeMs) return { path, copy: null };
  try {
    const target = join(root.at("/var/lib"), copy.slice("/var/lib/".length));
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    copyFileSync(at, target, constants.COPYFILE_EXCL);
    chmodSync(target, 0o600);
    syncFolder(dirname(target));
    removeDurably(at);
    return { path, copy };
  } catch (error) {
    throw cannot(`repair ${path}`, error);
  }
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

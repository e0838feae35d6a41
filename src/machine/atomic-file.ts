import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { cannot, MachineError } from "./machine-error.ts";

export interface WriteOptions {
  /** The mode of a new file. An existing one keeps its mode, owner and SELinux label. */
  readonly mode: number;
  /** True: also set the mode of an existing file. */
  readonly setMode?: boolean;
  /** Called just before the rename. If it throws, the file is not changed. */
  readonly check?: () => void;
}

/** Runtimes do not read files with this ending. */
export const TEMP_ENDING = ".cni-tap-tmp";

/** The temporary file that is renamed to `path`; in the same directory. */
function tempName(path: string): string {
  return join(dirname(path), `.${basename(path)}${TEMP_ENDING}`);
}

/**
 * Replaces a file atomically: readers see the old or the new content, also after a crash or on a full disk.
 * @throws {MachineError} if a system call fails
 */
export function writeAtomically(path: string, content: Uint8Array, options: WriteOptions): void {
  const temp = tempName(path);
  try {
    const old = statSync(path, { throwIfNoEntry: false });
    rmSync(temp, { force: true }); // from a killed run
    const fd = openSync(temp, "wx", 0o600);
    try {
      writeFileSync(fd, content);
      if (old && (old.uid !== process.geteuid?.() || old.gid !== process.getegid?.())) {
        fchownSync(fd, old.uid, old.gid);
      }
      fchmodSync(fd, old && !options.setMode ? old.mode & 0o7777 : options.mode);
      if (old) copyLabel(path, temp);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    options.check?.();
    renameSync(temp, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temp, { force: true });
    throw cannot(`write ${path}`, error);
  }
}

/**
 * Makes a symbolic link, if it is not there. Not under a temporary name first: containerd takes none of its NRI plugins if
 * one has a name that is no plugin's (nri, pkg/adaptation).
 * @throws {MachineError} if a system call fails, or something else is there
 */
export function linkDurably(path: string, target: string): void {
  try {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(path) === target) return;
    symlinkSync(target, path);
    syncFolder(dirname(path));
  } catch (error) {
    throw cannot(`write ${path}`, error);
  }
}

/** Removes a file, if it exists, and syncs its directory. */
export function removeDurably(path: string): void {
  try {
    rmSync(path, { force: true });
    syncFolder(dirname(path));
  } catch (error) {
    throw cannot(`remove ${path}`, error);
  }
}

export function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Copies the SELinux label. Node cannot do that; chcon is on every system with SELinux. */
function copyLabel(from: string, to: string): void {
  if (!existsSync("/sys/fs/selinux/enforce")) return;
  try {
    execFileSync("chcon", [`--reference=${from}`, to], { stdio: "ignore" });
  } catch (error) {
    throw new MachineError(`Cannot keep the SELinux label of ${from}: chcon failed`, { cause: error });
  }
}

import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { cannot, MachineError } from "./machine-error.ts";

export interface WriteOptions {
  /** The mode of a file that was not there; one that was keeps mode, owner and SELinux label. */
  readonly mode: number;
  /** True: the mode is set on a file that was there, too. */
  readonly setMode?: boolean;
  /** Asked at the last moment; what it throws leaves the file as it was. */
  readonly check?: () => void;
}

/** No runtime reads a file of this ending. */
export const TEMP_ENDING = ".cni-tap-tmp";

/** The name of the file that is written before it takes the place of `path`, in the same directory. */
function tempName(path: string): string {
  return join(dirname(path), `.${basename(path)}${TEMP_ENDING}`);
}

/** Puts a file in place whole: a reader, a crash or a full disk sees the old one or the new one. */
export function writeAtomically(path: string, content: Uint8Array, options: WriteOptions): void {
  const temp = tempName(path);
  try {
    const old = statSync(path, { throwIfNoEntry: false });
    rmSync(temp, { force: true }); // of a run that was killed
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

/** Takes a file away for good. */
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

/** Node cannot read a label; chcon is on every system that has them. */
function copyLabel(from: string, to: string): void {
  if (!existsSync("/sys/fs/selinux/enforce")) return;
  try {
    execFileSync("chcon", [`--reference=${from}`, to], { stdio: "ignore" });
  } catch (error) {
    throw new MachineError(`Cannot keep the SELinux label of ${from}: chcon failed`, { cause: error });
  }
}

import { join } from "node:path";

const ENDING = ".cni-tap-bak";

/** Path of the backup of a network's file. Runtimes do not read files with this ending. */
export function backupPath(confDir: string, file: string): string {
  return join(confDir, `.${file}${ENDING}`);
}

export function isBackup(name: string): boolean {
  return name.startsWith(".") && name.endsWith(ENDING);
}

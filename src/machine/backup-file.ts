import { join } from "node:path";

const ENDING = ".cni-tap-bak";

/** Where a network's file is kept as it was; no runtime reads the name. */
export function backupPath(confDir: string, file: string): string {
  return join(confDir, `.${file}${ENDING}`);
}

export function isBackup(name: string): boolean {
  return name.startsWith(".") && name.endsWith(ENDING);
}

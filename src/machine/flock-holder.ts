import { readFileSync, statSync } from "node:fs";

/** The holder of a file's flock(2), such as "pid 12 (cni_pre)"; null if not locked or there is no file. */
export function flockHolder(path: string): string | null {
  const inode = statSync(path, { throwIfNoEntry: false })?.ino;
  if (inode === undefined) return null;
  for (const line of readFileSync("/proc/locks", "utf8").split("\n")) {
    // "1: FLOCK  ADVISORY  WRITE 4711 00:30:9876 0 EOF"; a waiter has "->" before FLOCK. On overlayfs the
    // device is not that of stat(2), so only the inode is compared.
    const [, kind, , , pid, file = ""] = line.trim().split(/\s+/);
    if (kind === "FLOCK" && file.split(":")[2] === String(inode)) return `pid ${pid} (${commandOf(pid)})`;
  }
  return null;
}

function commandOf(pid: string | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "in another namespace";
  }
}

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isLinkFolder } from "./link-folder.ts";
import type { Root } from "./root.ts";

const POLL_MS = 20;
/** Longer than from a runtime's reading a list, or a wrapper's start, to the start of the plugin. */
const QUIET_MS = 300;

/**
 * The processes that may start a plugin by a link of a folder: those that have it in their CNI_PATH. Between their
 * looking for a plugin and starting it, a link that goes away fails the call. Directories are compared, not paths:
 * a process may see it elsewhere, and containers may have another one at the same place.
 */
export function findCalls(root: Root, linkFolder: string): string[] {
  const proc = root.at("/proc");
  const folder = idOf(root.at(linkFolder));
  if (folder === null) return [];
  return namesIn(proc)
    .filter((name) => /^\d+$/.test(name))
    .filter((name) =>
      searchedBy(join(proc, name)).some((path) => idOf(join(proc, name, "root", path)) === folder),
    );
}

/** The folders of links in a process' CNI_PATH. */
function searchedBy(process: string): string[] {
  try {
    const variables = readFileSync(join(process, "environ"), "latin1").split("\0");
    const path = variables.find((one) => one.startsWith("CNI_PATH="))?.slice("CNI_PATH=".length);
    return path?.split(":").filter(isLinkFolder) ?? [];
  } catch {
    return []; // it has ended, or is a thread of the kernel
  }
}

/** What a directory is, whatever its path; null if there is none. */
function idOf(path: string): string | null {
  try {
    const { dev, ino } = statSync(path);
    return `${dev} ${ino}`;
  } catch {
    return null;
  }
}

/**
 * Waits until there were no such processes for a while. Where processes cannot be seen, it does not wait.
 * @returns those that are still there after `timeoutMs`
 */
export async function waitForCalls(root: Root, linkFolder: string, timeoutMs: number): Promise<string[]> {
  if (namesIn(root.at("/proc")).length === 0) return [];
  const end = performance.now() + timeoutMs;
  for (let quiet = performance.now(); ; await delay(POLL_MS)) {
    const calls = findCalls(root, linkFolder);
    const now = performance.now();
    if (calls.length > 0) quiet = now;
    else if (now - quiet >= QUIET_MS) return [];
    if (now > end) return calls;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not mounted
  }
}

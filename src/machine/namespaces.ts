import { existsSync, readdirSync, readlinkSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { NamespaceFile, Namespaces } from "../node-state/facts.ts";
import type { Root } from "./root.ts";

/** The type of the file system whose files are namespaces (linux/magic.h). */
const NSFS = 0x6e736673;
/** Where runtimes and ip(8) keep them. */
const FOLDERS = ["/run/netns", "/run/docker/netns"];

/**
 * The network namespaces that are mounted on files, and which of some paths are there.
 *
 * On this node itself an ordinary file is what is left when a namespace was unmounted. Below another root, or in a mount
 * namespace of this process' own, it may be that its mount is not to be seen: then only a file that is not there is gone.
 */
export function seeNamespaces(root: Root, paths: Iterable<string>): Namespaces {
  const mounted = FOLDERS.flatMap((folder) => mountedIn(root, folder));
  const there = new Set<string>();
  const seesMounts = root.folder === "/" && hasNodesMounts();
  for (const path of new Set(paths)) if (isThere(root, path, seesMounts)) there.add(path);
  return { mounted, there };
}

/** Whether this process is in the mount namespace of process 1. */
function hasNodesMounts(): boolean {
  try {
    return readlinkSync("/proc/self/ns/mnt") === readlinkSync("/proc/1/ns/mnt");
  } catch {
    return false;
  }
}

function mountedIn(root: Root, folder: string): NamespaceFile[] {
  const at = root.at(folder);
  let names: string[];
  try {
    names = readdirSync(at);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const path = join(at, name);
    return isNamespace(path) ? [{ path: join(folder, name), inode: statSync(path).ino }] : [];
  });
}

function isThere(root: Root, path: string, seesMounts: boolean): boolean {
  // The links in /proc/PID/ns lead to no path.
  const at = path.startsWith("/proc/") ? join(root.folder, path) : root.at(path);
  return isNamespace(at) || (!seesMounts && existsSync(at));
}

function isNamespace(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS;
  } catch {
    return false;
  }
}

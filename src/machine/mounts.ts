import { readFileSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { Root } from "./root.ts";

export interface Mount {
  readonly point: string;
  /** "ext4" */
  readonly type: string;
  /** Options of the mount and of its file system. */
  readonly options: readonly string[];
}

const NETWORK_TYPES = /^(?:nfs4?|cifs|smb3|9p|ceph|glusterfs|lustre|afs|ocfs2|gfs2|fuse\..*|fuse)$/;

/** The mount of a host path. If the path does not exist, that of its nearest existing parent. */
export function mountOf(root: Root, path: string): Mount | null {
  // For /proc/PID/root, use the mounts of that process, with the host's paths.
  const pid = /^\/proc\/(\d+)\/root$/.exec(root.folder)?.[1];
  const real = pid === undefined ? nearest(root.at(path)) : root.at(path).slice(root.folder.length) || "/";
  let found: Mount | null = null;
  for (const line of readFileSync(`/proc/${pid ?? "self"}/mountinfo`, "utf8").split("\n")) {
    const [left = "", right = ""] = line.split(" - ");
    const fields = left.split(" ");
    const point = unescape8(fields[4] ?? "");
    const [type = "", , superOptions = ""] = right.split(" ");
    const holds = point !== "" && (real === point || real.startsWith(point === "/" ? "/" : `${point}/`));
    // The longest mount point wins; of two mounts on the same point, the later one.
    if (holds && point.length >= (found?.point.length ?? 0)) {
      found = { point, type, options: [...(fields[5] ?? "").split(","), ...superOptions.split(",")] };
    }
  }
  return found;
}

export function isNetworkMount({ type }: Mount): boolean {
  return NETWORK_TYPES.test(type);
}

function nearest(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path === "/" ? "/" : nearest(dirname(path));
  }
}

/** In mountinfo, a space is written as `\040`. */
function unescape8(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

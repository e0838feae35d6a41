import { readFileSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { Root } from "./root.ts";

export interface Mount {
  readonly point: string;
  /** "ext4" */
  readonly type: string;
  /** Of the mount and of its file system. */
  readonly options: readonly string[];
}

const NETWORK_TYPES = /^(?:nfs4?|cifs|smb3|9p|ceph|glusterfs|lustre|afs|ocfs2|gfs2|fuse\..*|fuse)$/;

/** The mount that a path of the host is on; the path need not be there, then it is that of its nearest directory. */
export function mountOf(root: Root, path: string): Mount | null {
  // Below /proc/PID/root the mounts are those that the process sees, by the host's paths.
  const pid = /^\/proc\/(\d+)\/root$/.exec(root.folder)?.[1];
  const real = pid === undefined ? nearest(root.at(path)) : root.at(path).slice(root.folder.length) || "/";
  let found: Mount | null = null;
  for (const line of readFileSync(`/proc/${pid ?? "self"}/mountinfo`, "utf8").split("\n")) {
    const [left = "", right = ""] = line.split(" - ");
    const fields = left.split(" ");
    const point = unescape8(fields[4] ?? "");
    const [type = "", , superOptions = ""] = right.split(" ");
    const holds = point !== "" && (real === point || real.startsWith(point === "/" ? "/" : `${point}/`));
    // The longest mount point; of two at one place the later one lies on top.
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

/** Space and the like are written as `\040`. */
function unescape8(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readText } from "./conf-dir.ts";
import type { Root } from "./root.ts";
import type { Runtime } from "./runtime.ts";

/** Where containerd and CRI-O look for NRI plugins to launch. */
const DEFAULT = "/opt/nri/plugins";

/** Where a runtime's configuration names the directory. */
interface Place {
  readonly files: (root: Root) => readonly string[];
  /** What the header of the key's table contains. */
  readonly table: string;
  readonly key: string;
}

const containerdIn = (folder: string): Place => ({
  files: () => [join(folder, "config.toml")],
  table: "io.containerd.nri.v1.nri",
  key: "plugin_path",
});
const CONTAINERD = containerdIn("/etc/containerd");
const K3S = containerdIn("/var/lib/rancher/k3s/agent/etc/containerd");
const CRIO: Place = {
  files: (root) => ["/etc/crio/crio.conf", ...dropIns(root, "/etc/crio/crio.conf.d")],
  table: "crio.nri",
  key: "nri_plugin_dir",
};

/** The directory from which the node's runtime launches NRI plugins: as its configuration says, else its default. */
export function findNriFolder(root: Root, runtime: Pick<Runtime, "name" | "socket"> | null): string {
  return placesOf(runtime).flatMap((place) => configured(root, place) ?? [])[0] ?? DEFAULT;
}

function placesOf(runtime: Pick<Runtime, "name" | "socket"> | null): readonly Place[] {
  if (!runtime) return [CONTAINERD, CRIO];
  if (runtime.name === "cri-o") return [CRIO];
  return [runtime.socket.startsWith("/run/k3s/") ? K3S : CONTAINERD];
}

/** The last value in the place's files; null if they name none. Reads the usual style: a table, and one key a line. */
function configured(root: Root, { files, table, key }: Place): string | null {
  let found: string | null = null;
  for (const file of files(root)) {
    let inTable = false;
    for (const line of (readText(root.at(file)) ?? "").split("\n")) {
      const header = /^\s*\[([^[\]]*)\]/.exec(line)?.[1];
      if (header !== undefined) inTable = header.includes(table);
      const [, name, , value] = /^\s*(\w+)\s*=\s*(["'])(\/.*?)\2/.exec(line) ?? [];
      if (inTable && name === key && value !== undefined) found = value;
    }
  }
  return found;
}

function dropIns(root: Root, folder: string): string[] {
  try {
    return readdirSync(root.at(folder))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return []; // not there
  }
}

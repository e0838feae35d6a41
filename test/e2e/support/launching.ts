import { constants } from "node:fs";
import { copyFile, link, readdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { ContainerdNode } from "../../../scripts/containerd/node.ts";
import { CNITAP } from "../../cli/support/spawn.ts";

/** Makes a plugin of cnitap that containerd launches at its next start, under a file name such as "10-logger". */
export async function linkPlugin(node: ContainerdNode, plugin: string): Promise<void> {
  await share(CNITAP, join(node.folder, "nri/cnitap")); // the namespaces may not see where it is
  await symlink("../cnitap", pluginPath(node, plugin));
}

/** Puts the file into another directory, without copying its 127 MB if the file system allows that. */
async function share(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE));
}

export function pluginPath(node: ContainerdNode, plugin: string): string {
  return join(node.folder, "nri/plugins", plugin);
}

/** The processes that run under a plugin's path. */
export async function launched(node: ContainerdNode, plugin: string): Promise<string[]> {
  const path = pluginPath(node, plugin);
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return pids.filter((_, index) => commands[index]?.split("\0").includes(path));
}

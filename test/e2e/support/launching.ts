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
export async function share(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE));
}

export function pluginPath(node: ContainerdNode, plugin: string): string {
  return join(node.folder, "nri/plugins", plugin);
}

/** The processes that run under a plugin's path, without their children: the observer has some. */
export async function launched(node: ContainerdNode, plugin: string): Promise<string[]> {
  const path = pluginPath(node, plugin);
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const read = (pid: string, file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
  const commands = await Promise.all(pids.map((pid) => read(pid, "cmdline")));
  const found = pids.filter((_, index) => commands[index]?.split("\0").includes(path));
  const parents = await Promise.all(
    found.map(async (pid) => /^PPid:\s+(\d+)/m.exec(await read(pid, "status"))?.[1] ?? ""),
  );
  return found.filter((_, index) => !found.includes(parents[index] ?? ""));
}

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { CallUnderWay, Processes } from "../node-state/facts.ts";
import { codeOf } from "./machine-error.ts";
import type { Root } from "./root.ts";

const ID = /[0-9a-f]{64}/g;
/** The names of processes that start CNI plugins. */
const RUNTIMES = ["containerd", "crio", "k3s-server", "k3s-agent", "k3s", "rke2", "dockerd", "cri-dockerd"];

export interface SeenProcesses extends Processes {
  /** The PATH of each runtime. */
  readonly runtimePaths: readonly string[];
}

/** What the processes of a node tell of its pods; null if they cannot be seen. */
export function seeProcesses(root: Root): SeenProcesses | null {
  const proc = root.at("/proc");
  let names: string[];
  try {
    if (readFileSync(join(proc, "1/cmdline")).length === 0) return null;
    names = readdirSync(proc).filter((name) => /^\d+$/.test(name));
  } catch {
    return null;
  }
  const ids = new Set<string>();
  const namespaces = new Set<number>();
  const calls: CallUnderWay[] = [];
  const runtimePaths = new Set<string>();
  for (const name of names) {
    const folder = join(proc, name);
    const command = read(join(folder, "cmdline"));
    if (command === "") continue; // a thread of the kernel, or it has ended
    for (const text of [command, read(join(folder, "cgroup"))])
      for (const [id] of text.matchAll(ID)) ids.add(id);
    const inode = namespaceOf(folder);
    if (inode !== null) namespaces.add(inode);
    else if (isHidden(folder) && name !== "1") return null; // then others may be as well
    const environment = read(join(folder, "environ"));
    const containerId = variable(environment, "CNI_CONTAINERID");
    if (containerId !== null && variable(environment, "CNI_COMMAND") !== null)
      calls.push({ containerId, netns: variable(environment, "CNI_NETNS") ?? "" });
    const path = isRuntime(command) ? variable(environment, "PATH") : null;
    if (path !== null) runtimePaths.add(path);
  }
  return { ids, namespaces, calls, runtimePaths: [...runtimePaths] };
}

function isRuntime(command: string): boolean {
  const [program = ""] = command.split("\0", 1);
  return RUNTIMES.includes(program.slice(program.lastIndexOf("/") + 1).split(" ", 1)[0] ?? "");
}

function namespaceOf(folder: string): number | null {
  try {
    return Number(/\[(\d+)\]/.exec(readlinkSync(join(folder, "ns/net")))?.[1] ?? Number.NaN) || null;
  } catch {
    return null; // it has ended
  }
}

/** Whether a process is there and its namespaces are not this user's to see. */
function isHidden(folder: string): boolean {
  try {
    readlinkSync(join(folder, "ns/net"));
    return false;
  } catch (error) {
    return ["EACCES", "EPERM"].includes(codeOf(error));
  }
}

function variable(environment: string, name: string): string | null {
  if (!environment.includes(`${name}=`)) return null;
  const found = environment.split("\0").find((one) => one.startsWith(`${name}=`));
  return found === undefined ? null : found.slice(name.length + 1);
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // it has ended
  }
}

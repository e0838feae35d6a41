import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { readConfDir } from "./conf-dir.ts";
import { MachineError } from "./machine-error.ts";
import type { Root } from "./root.ts";
import type { Runtime } from "./runtime.ts";

/** Known directories of distributions for networks and plugins, in order of preference. */
const CONF_DIRS: readonly string[] = [
  "/etc/cni/net.d", // kubeadm, RKE2, GKE and most others
  "/var/lib/rancher/k3s/agent/etc/cni/net.d",
  "/var/snap/microk8s/current/args/cni-network",
  "/etc/kubernetes/cni/net.d", // OpenShift
  "/etc/cni/multus/net.d", // OpenShift
];
const BIN_DIRS: readonly string[] = [
  "/opt/cni/bin",
  "/home/kubernetes/bin", // GKE on Container-Optimized OS
  "/var/lib/rancher/k3s/data/cni",
  "/var/lib/rancher/k3s/data/current/bin",
  "/var/snap/microk8s/current/opt/cni/bin",
  "/var/lib/cni/bin", // OpenShift
  "/usr/lib/cni", // Debian's packages
  "/usr/libexec/cni", // Fedora's
];

/**
 * The configuration directory: the specified one, else the runtime's, else the first known one with a
 * network.
 * @throws {MachineError} if there is none
 */
export function findConfDir(root: Root, named: string | undefined, runtime: Runtime | null): string {
  if (named !== undefined) {
    if (isFolder(root.at(named))) return named;
    throw new MachineError(`Cannot find networks: ${named} is not a directory`);
  }
  const found = [...(runtime?.cni?.confDir ? [runtime.cni.confDir] : []), ...CONF_DIRS].find(
    (path) => isFolder(root.at(path)) && readConfDir(root, path).files.length > 0,
  );
  if (found) return found;
  throw new MachineError(
    `Cannot find networks: there is none in ${CONF_DIRS.join(", ")}\nSpecify the runtime's configuration directory with --conf-dir.`,
  );
}

/**
 * The plugin directories: the specified one, else the runtime's, else one known directory.
 * @param types plugins of the networks: a known directory with one of them is preferred
 * @throws {MachineError} if there is none
 */
export function findBinDirs(
  root: Root,
  named: string | undefined,
  runtime: Runtime | null,
  types: readonly string[],
): readonly string[] {
  if (named !== undefined) {
    if (isFolder(root.at(named))) return [named];
    throw new MachineError(`Cannot find the CNI plugins: ${named} is not a directory`);
  }
  if (runtime?.cni && runtime.cni.binDirs.length > 0) return runtime.cni.binDirs;
  const existing = BIN_DIRS.filter((path) => isFolder(root.at(path)));
  const best =
    existing.find((path) => types.some((type) => existsSync(join(root.at(path), type)))) ?? existing[0];
  if (best) return [best];
  throw new MachineError(
    `Cannot find the CNI plugins: there is none of ${BIN_DIRS.join(", ")}\nSpecify the runtime's plugin directory with --bin-dir.`,
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

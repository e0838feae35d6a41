import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";
import { TestRunner } from "vitest";
import { ROOT } from "../../scripts/cache-dir.ts";
import { RECORD_PATH } from "../../src/machine/installation-record.ts";
import { unshare } from "./private-mounts.ts";

/** What cnitap looks at where no flag tells it otherwise. */
const LOOKED_AT = [
  "/var/lib/cni-tap",
  "/var/lib/cni",
  "/etc/cni",
  "/opt/cni",
  "/run/nri",
  "/run/containerd",
  "/run/k3s",
  "/run/crio",
].join(" ");

/** An empty /tmp but for the tests' folder and the checkout, which stay where they are; empty folders of LOOKED_AT. */
const script = `set -e
work=$1 checkout=$2
mkdir -p "$work/tmp"
mount -t tmpfs tmpfs "$work/tmp"
for folder in "$work" "$checkout"; do
  case $folder in
    /tmp/*) mkdir -p "$work$folder" && mount --bind "$folder" "$work$folder" ;;
  esac
done
mount --rbind "$work/tmp" /tmp
for folder in ${LOOKED_AT}; do
  if [ -d "$folder" ]; then mount -t tmpfs tmpfs "$folder"; fi
done
shift 2
exec "$@"`;

const prefix: readonly string[] = [
  ...["/usr/bin/env", ...unshare, "/bin/sh", "-c", script, "sh"],
  ...[tmpdir(), ROOT],
];
const why = probe();
/** A record that is not there, or that this user may not read, is none: then nothing has to be hidden. */
const sees = why !== "" && canRead(RECORD_PATH);
if (sees) {
  console.warn(
    `skipped: the tests of cnitap observe must not see ${RECORD_PATH}, which takes a mount namespace: ${why}`,
  );
}

/** Whether a program that `onOwnMachine` starts is root, at least in its own user namespace. */
export const rootOnOwnMachine: boolean = process.getuid?.() === 0 || why === "";

/**
 * The command line that runs a program on this machine as if no cni-tap had ever been installed on it: without this
 * machine's record, networks, runtimes and log. Scratch folders, and all that other tests make, are where they are.
 * Where there can be no such machine, and the record would be seen, the running test is skipped.
 */
export function onOwnMachine(command: readonly string[]): [string, ...string[]] {
  if (sees) TestRunner.getCurrentTest()?.context.skip(`${RECORD_PATH} cannot be hidden: ${why}`);
  const [program = "", ...args] = [...(why === "" ? prefix : []), ...command];
  return [program, ...args];
}

function probe(): string {
  const [program = "", ...args] = [...prefix, "true"];
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status === 0) return "";
  return (error?.message ?? stderr.trim().replaceAll("\n", "; ")) || `unshare ended with ${status}`;
}

function canRead(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

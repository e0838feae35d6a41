import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";
import { TestRunner } from "vitest";
import { ROOT } from "../../scripts/cache-dir.ts";
import { RECORD_PATH } from "../../src/machine/installation-record.ts";
import { unshare } from "./private-mounts.ts";

/** The directories that cnitap reads by default. */
const DEFAULT_PATHS = [
  "/var/lib/cni-tap",
  "/var/lib/cni",
  "/etc/cni",
  "/opt/cni",
  "/run/nri",
  "/run/containerd",
  "/run/k3s",
  "/run/crio",
  "/run/lock",
].join(" ");

/** Gives a program an empty /tmp, except for the tests' directory and the checkout, and empty directories of DEFAULT_PATHS. */
const script = `set -e
work=$1 checkout=$2
mkdir -p "$work/tmp"
mount -t tmpfs tmpfs "$work/tmp"
for directory in "$work" "$checkout"; do
  case $directory in
    /tmp/*) mkdir -p "$work$directory" && mount --bind "$directory" "$work$directory" ;;
  esac
done
mount --rbind "$work/tmp" /tmp
for directory in ${DEFAULT_PATHS}; do
  if [ -d "$directory" ]; then mount -t tmpfs tmpfs "$directory"; fi
done
shift 2
exec "$@"`;

const prefix: readonly string[] = [
  ...["/usr/bin/env", ...unshare, "/bin/sh", "-c", script, "sh"],
  ...[tmpdir(), ROOT],
];
const why = probe();
/** A record that is missing or that this user cannot read need not be hidden. */
const recordIsVisible = why !== "" && canRead(RECORD_PATH);
if (recordIsVisible) {
  console.warn(
    `skipped: the tests of cnitap observe must not see ${RECORD_PATH}, which needs a mount namespace: ${why}`,
  );
}

/** Whether a program that `onOwnMachine` starts is root, at least in its own user namespace. */
export const rootOnOwnMachine: boolean = process.getuid?.() === 0 || why === "";

/**
 * The command line that runs a program as if cni-tap had never been installed on this machine: without its record,
 * networks, runtimes and log. Scratch directories stay where they are. If this is not possible and the record would be
 * visible, the running test is skipped.
 */
export function onOwnMachine(command: readonly string[]): [string, ...string[]] {
  if (recordIsVisible) TestRunner.getCurrentTest()?.context.skip(`${RECORD_PATH} cannot be hidden: ${why}`);
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

import { spawnSync } from "node:child_process";
import { describe } from "vitest";
import type { Host } from "./host.ts";
import { CNITAP, type Ended, start } from "./spawn.ts";

/** The command that makes a mount namespace; root needs no user namespace for it. */
const unshare = process.getuid?.() === 0 ? ["-m"] : ["-r", "-m"];

const why = probe();
if (why !== "")
  console.warn(`skipped: the tests of full and read-only file systems need mounts of their own: ${why}`);

/** `describe` if mounts can be made, otherwise a skipped one that says why. */
export function describeInMounts(title: string, tests: () => void): void {
  if (why === "") describe(title, tests);
  else describe.skip(`${title} (skipped: ${why})`, tests);
}

/**
 * Runs cnitap with mounts that only it sees.
 * @param script the shell commands that make them; `$root` is the host's tree
 */
export function runInMounts(host: Host, script: string, command: string, ...args: string[]): Promise<Ended> {
  return inMounts(host, script, `exec "$@"`, [command, "--host-root", host.root, ...args]);
}

/** The same, followed by a shell command in the same mounts. Returns its output, and cnitap's exit code and errors. */
export function runInMountsAnd(
  host: Host,
  script: string,
  after: string,
  command: string,
  ...args: string[]
): Promise<Ended> {
  return inMounts(host, script, `"$@" >/dev/null; code=$?; ${after}; exit $code`, [
    command,
    "--host-root",
    host.root,
    ...args,
  ]);
}

function inMounts(host: Host, script: string, rest: string, args: readonly string[]): Promise<Ended> {
  const shell = `set -e; root=$1; shift; ${script}; set +e; ${rest}`;
  return start("unshare", [...unshare, "sh", "-c", shell, "sh", host.root, CNITAP, ...args]).ended;
}

function probe(): string {
  const { status, stderr, error } = spawnSync(
    "unshare",
    [...unshare, "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
    {
      encoding: "utf8",
    },
  );
  return status === 0 ? "" : (error?.message ?? stderr.trim());
}

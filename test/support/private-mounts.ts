import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { describe } from "vitest";
import { runTap, type TapCall, type TapRun, tapPath } from "./run-tap.ts";
import { makeScratch, type Scratch, useScratch } from "./scratch.ts";

/**
 * A tap's default files are /tmp/cni.log and /var/run/lock/cni.lock. In a mount namespace of its own, a tap can use
 * them: its /tmp and /var/run are directories of the test, and the machine's own stay untouched.
 */
export interface PrivateMachine {
  /** The scratch directory's log is the tap's /tmp/cni.log, its lock file the tap's /var/run/lock/cni.lock. */
  readonly scratch: Scratch;
  run(call: TapCall): Promise<TapRun>;
}

const script = `set -e
mount --bind "$1" /mnt
mount --bind "$2/run" "$(readlink -f /var/run)"
mount --bind "$2/tmp" /tmp
shift 2
exec "$@"`;

/** The command that makes the namespace; root needs no user namespace for it. */
export const unshare: readonly string[] =
  process.getuid?.() === 0 ? ["unshare", "-m"] : ["unshare", "-r", "-m"];

/** Why no private machine can be made here; empty if one can. */
export const whyNoPrivateMachine: string = probe();

if (whyNoPrivateMachine !== "") {
  console.warn(`skipped: the tests of a tap's default files need a mount namespace: ${whyNoPrivateMachine}`);
}

/** `describe` if a private machine can be made, otherwise a skipped one that says why. */
export function describeOnPrivateMachine(title: string, tests: () => void): void {
  if (whyNoPrivateMachine === "") describe(title, tests);
  else describe.skip(`${title} (skipped: ${whyNoPrivateMachine})`, tests);
}

/** A private machine that is removed when the running test ends. */
export function usePrivateMachine(): PrivateMachine {
  const scratch = useScratch({ log: "tmp/cni.log", lock: "run/lock/cni.lock" });
  for (const name of ["tmp", "run", "run/lock"]) {
    mkdirSync(scratch.path(name));
    chmodSync(scratch.path(name), 0o1777); // as on a real machine; the umask applies to mkdir's mode
  }
  function run(call: TapCall): Promise<TapRun> {
    const exe = call.exe ?? tapPath(call.role);
    const inside = [...unshare, "sh", "-c", script, "sh", dirname(exe), scratch.folder];
    return runTap({ ...call, exe: `/mnt/${basename(exe)}`, inside });
  }
  return { scratch, run };
}

function probe(): string {
  const scratch = makeScratch();
  try {
    mkdirSync(scratch.path("tmp"));
    mkdirSync(scratch.path("run"));
    const args = [...unshare.slice(1), "sh", "-c", script, "sh", "/usr", scratch.folder, "true"];
    const { status, stderr, error } = spawnSync(unshare[0] ?? "", args, { encoding: "utf8" });
    if (status === 0) return "";
    return (error?.message ?? stderr.trim().replaceAll("\n", "; ")) || `unshare ended with ${status}`;
  } finally {
    scratch.remove();
  }
}

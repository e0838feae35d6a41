import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { basename } from "node:path";
import { unshare } from "../../support/private-mounts.ts";
import type { Scratch } from "../../support/scratch.ts";
import { useScratch } from "../../support/scratch.ts";
import { illPath, runtimePath, wrapPath } from "./programs.ts";
import { type PluginCall, type PluginRun, runPlugin } from "./run-plugin.ts";

/*
 * Calls whose settings cannot be read log to /tmp/cni.log. They are made in a mount namespace, whose /tmp and /var/run are
 * folders of a scratch directory; the programs are in its /mnt.
 */

const script = `set -e
mount --bind "$1" /mnt
mount --bind /mnt/run "$(readlink -f /var/run)"
mount --bind /mnt/tmp /tmp
shift
exec "$@"`;

export const privatePlugins = "/mnt/bin";
export const privateWrap = "/mnt/cni_wrap";

export interface PrivateCalls {
  /** Its log is the call's /tmp/cni.log. */
  readonly scratch: Scratch;
  /** The call's paths are those of the namespace. */
  run(call: PluginCall): Promise<PluginRun>;
}

export function usePrivateCalls(): PrivateCalls {
  const scratch = useScratch({ log: "tmp/cni.log", lock: "run/lock/cni.lock" });
  for (const name of ["tmp", "run", "run/lock", "bin"]) mkdirSync(scratch.path(name));
  for (const name of ["tmp", "run/lock"]) chmodSync(scratch.path(name), 0o1777);
  copyFileSync(wrapPath(), scratch.path("cni_wrap"));
  copyFileSync(illPath, scratch.path("bin/ill"));
  copyFileSync(runtimePath, scratch.path(basename(runtimePath)));
  const inside = [...unshare, "sh", "-c", script, "sh", scratch.folder];
  const runtime = `/mnt/${basename(runtimePath)}`;
  return { scratch, run: (call) => runPlugin({ ...call, inside, runtime }) };
}

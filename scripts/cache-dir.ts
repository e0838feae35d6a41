import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** The checkout. */
export const ROOT = join(import.meta.dirname, "..");

/** The directory of cache-dir.sh: downloads and objects, kept between builds and checkouts. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const home = env.XDG_CACHE_HOME || (env.HOME && join(env.HOME, ".cache"));
  const dir = env.CNI_TAP_CACHE || (home ? join(home, "cni-tap") : join(ROOT, "build", "cache"));
  mkdirSync(dir, { recursive: true });
  return dir;
}

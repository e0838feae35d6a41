import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** The directory of the checkout. */
export const ROOT = join(import.meta.dirname, "..");

/** The cache directory, the same as in cache-dir.sh. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const home = env.XDG_CACHE_HOME || (env.HOME && join(env.HOME, ".cache"));
  const dir = env.CNI_TAP_CACHE || (home ? join(home, "cni-tap") : join(ROOT, "build", "cache"));
  mkdirSync(dir, { recursive: true });
  return dir;
}

import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { link } from "../../../scripts/build/compile.ts";
import { ROOT } from "../../../scripts/cache-dir.ts";
import { WRAP } from "../../support/wrap-path.ts";

const compiler = {
  command: "musl-gcc",
  flags: ["-std=gnu17", "-O1", "-Wall", "-Wextra", "-D_GNU_SOURCE"],
  includes: [],
};

/** Where the plugin `ill` is; as `bin` in every CNI_PATH of these tests. */
export const pluginFolder = join(ROOT, "build", "wrap", "bin");
export const illPath = join(pluginFolder, "ill");
/** Starts a plugin as libcni does; the head of its source says how. */
export const runtimePath = join(ROOT, "build", "wrap", "runtime");

/** Compiles the plugin and the runtime; for `beforeAll`. */
export async function buildPrograms(): Promise<void> {
  const source = (name: string) => [join(import.meta.dirname, `${name}.c`)];
  await link(compiler, source("ill"), illPath, ["-static"]);
  await link(compiler, source("runtime"), runtimePath, ["-static"]);
}

/** The executable that is tested. A list names it, so it must be called cni_wrap. */
export function wrapPath(): string {
  try {
    accessSync(WRAP, constants.X_OK);
  } catch {
    throw new Error(
      `Cannot run cni_wrap: no executable at ${WRAP}\nBuild it (npm run build) or set CNITAP_WRAP.`,
    );
  }
  return WRAP;
}

import { accessSync, constants } from "node:fs";
import { join, resolve } from "node:path";
import { link } from "../../../scripts/build/compile.ts";
import { ROOT } from "../../../scripts/cache-dir.ts";

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

/** The executable that is tested: the checkout's own, unless CNITAP_WRAP_EXECUTABLE names another. */
export function wrapPath(): string {
  const path = resolve(process.env.CNITAP_WRAP_EXECUTABLE || join(ROOT, "bin", "cni_wrap"));
  try {
    accessSync(path, constants.X_OK);
  } catch {
    throw new Error(
      `Cannot run cni_wrap: no executable at ${path}\nBuild it (npm run build) or set CNITAP_WRAP_EXECUTABLE.`,
    );
  }
  return path;
}

import { existsSync, mkdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { compile, runTool } from "../../../scripts/build/compile.ts";
import { ROOT } from "../../../scripts/cache-dir.ts";

export type Program = "crowd" | "racer" | "tracer";

/** Compiles a helper that has to be in C; the head of its source says what it does. Returns its path. */
export async function buildProgram(name: Program): Promise<string> {
  const compiler = { command: "gcc", flags: ["-O1", "-Wall", "-Wextra"], includes: [] };
  const objects = await compile(compiler, [join(import.meta.dirname, `${name}.c`)]);
  const folder = join(ROOT, "build", "faults");
  const program = join(folder, basename(objects[0] ?? name, ".o"));
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    const fresh = `${program}.${process.pid}`;
    await runTool("gcc", ["-o", fresh, ...objects]);
    renameSync(fresh, program);
  }
  return program;
}

import { join } from "node:path";
import { type CCompiler, link } from "../../../scripts/build/compile.ts";
import { ROOT } from "../../../scripts/cache-dir.ts";

export type Program = "crowd" | "filter" | "plugin" | "racer" | "tracer" | "unanswered";

/** Compiles a helper program in C; the head of its source says what it does. Returns its path. */
export function buildProgram(name: Program): Promise<string> {
  const alone = name === "plugin"; // it runs where there is no C library
  const command: CCompiler = alone ? "musl-gcc" : "gcc";
  const compiler = {
    ...{ command, includes: [] },
    flags: ["-O1", "-Wall", "-Wextra", "-D_GNU_SOURCE", ...(alone ? ["-static"] : [])],
  };
  const source = join(import.meta.dirname, `${name}.c`);
  return link(compiler, [source], join(ROOT, "build", "faults", name), alone ? ["-static"] : []);
}

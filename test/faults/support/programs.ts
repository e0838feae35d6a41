import { join } from "node:path";
import { link } from "../../../scripts/build/compile.ts";
import { ROOT } from "../../../scripts/cache-dir.ts";

export type Program = "crowd" | "filter" | "racer" | "tracer" | "unanswered";

/** Compiles a helper program in C; the head of its source says what it does. Returns its path. */
export function buildProgram(name: Program): Promise<string> {
  const compiler = { command: "gcc", flags: ["-O1", "-Wall", "-Wextra"], includes: [] };
  return link(compiler, [join(import.meta.dirname, `${name}.c`)], join(ROOT, "build", "faults", name));
}

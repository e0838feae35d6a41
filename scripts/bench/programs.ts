import { chmodSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import { link } from "../build/compile.ts";
import { CORE, NATIVE_FLAGS, nativeIncludes } from "../build/tap.ts";
import { ROOT } from "../cache-dir.ts";
import { buildGo, findTool } from "./go.ts";

/** A program that does a tap's job. */
export interface Program {
  readonly name: string;
  readonly path: string;
  /** The bound with the same system calls; for a bound, itself. */
  readonly bound: string;
  /** Slow enough to disturb the measurements of others. */
  readonly slow?: true;
}

const LOGS_INPUT = "C bound, input";
const LOGS_OUTPUT = "C bound, output";

const FOLDER = join(ROOT, "build", "bench");
const SOURCES = import.meta.dirname;

/** Builds runner.c, which measures. */
export function buildRunner(): Promise<string> {
  const compiler = { command: "gcc", flags: NATIVE_FLAGS, includes: nativeIncludes() };
  return link(compiler, [join(SOURCES, "runner.c")], join(FOLDER, "runner"));
}

/** Builds bound.c: the system calls of a tap without the tap. */
function buildBound(out: string, ...defines: readonly string[]): Promise<string> {
  const compiler = { command: "musl-gcc", flags: [...NATIVE_FLAGS, ...defines], includes: nativeIncludes() };
  const core = ["io", "log", "lock", "rotate", "file"].map((name) => join(CORE, `${name}.c`));
  const sources = [join(SOURCES, "bound.c"), ...core];
  return link(compiler, sources, join(FOLDER, out), ["-static", "-s", "-Wl,--gc-sections"]);
}

/** Builds a plugin of no use, and copier.c, which only starts it and copies its pipes. */
export async function buildWrapped(plugin: string): Promise<{ plugin: string; copier: string }> {
  const compiler = { command: "musl-gcc", flags: NATIVE_FLAGS, includes: [] };
  const flags = ["-static", "-s", "-Wl,--gc-sections"];
  return {
    plugin: await link(compiler, [join(SOURCES, "plugin.c")], plugin, flags),
    copier: await link(compiler, [join(SOURCES, "copier.c")], join(FOLDER, "copier"), flags),
  };
}

/** Builds the programs to compare: bounds, taps, and if available the alternatives in Go and Python. */
export async function buildPrograms(progress: (line: string) => void): Promise<Program[]> {
  const input = await buildBound("bound-input", "-DWHOLE_INPUT");
  const output = await buildBound("bound-output");
  const programs: Program[] = [
    { name: LOGS_INPUT, path: input, bound: LOGS_INPUT },
    { name: "cni_pre", path: join(ROOT, "bin", "cni_pre"), bound: LOGS_INPUT },
    { name: LOGS_OUTPUT, path: output, bound: LOGS_OUTPUT },
    { name: "cni_post", path: join(ROOT, "bin", "cni_post"), bound: LOGS_OUTPUT },
  ];
  const go = findTool("go");
  if (go) {
    const path = await buildGo(go, join(SOURCES, "tap.go"), join(FOLDER, "tap-go"));
    programs.push({ name: "Go", path, bound: LOGS_OUTPUT });
  } else progress("no go in PATH: its row is left out");
  if (findTool("python3")) {
    const path = join(FOLDER, "tap-python");
    copyFileSync(join(SOURCES, "tap.py"), path);
    chmodSync(path, 0o755);
    programs.push({ name: "Python", path, bound: LOGS_OUTPUT, slow: true });
  } else progress("no python3 in PATH: its row is left out");
  return programs;
}

import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { compile, runTool } from "../build/compile.ts";
import { NATIVE_FLAGS } from "../build/tap.ts";
import { ROOT } from "../cache-dir.ts";
import { buildGo, findTool } from "./go.ts";

/** A program that does a tap's job. */
export interface Program {
  readonly name: string;
  readonly path: string;
  /** The bound that makes the same system calls; the bounds are their own. */
  readonly bound: string;
  /** Takes so long that it disturbs the others. */
  readonly slow?: true;
}

const LOGS_INPUT = "C bound, input";
const LOGS_OUTPUT = "C bound, output";

const FOLDER = join(ROOT, "build", "bench");
const SOURCES = import.meta.dirname;
const NATIVE = join(ROOT, "src", "native");

async function link(
  command: string,
  flags: readonly string[],
  sources: readonly string[],
  out: string,
  defines: readonly string[] = [],
): Promise<string> {
  const path = join(FOLDER, out);
  const compiler = { command, flags: [...NATIVE_FLAGS, ...defines], includes: [NATIVE] };
  await runTool(command, [...flags, "-o", path, ...(await compile(compiler, sources))]);
  return path;
}

/** Builds what measures. */
export async function buildRunner(): Promise<string> {
  mkdirSync(FOLDER, { recursive: true });
  return link("gcc", [], [join(SOURCES, "runner.c")], "runner");
}

/** The programs side by side: the bound first, then the taps, then what a user would pick instead, where it can be had. */
export async function buildPrograms(told: (line: string) => void): Promise<Program[]> {
  mkdirSync(FOLDER, { recursive: true });
  const sources = [join(SOURCES, "bound.c"), join(NATIVE, "io.c"), join(NATIVE, "log.c")];
  const flags = ["-static", "-s", "-Wl,--gc-sections"];
  const input = await link("musl-gcc", flags, sources, "bound-input", ["-DWHOLE_INPUT"]);
  const output = await link("musl-gcc", flags, sources, "bound-output");
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
  } else told("no go in PATH: its row is left out");
  if (findTool("python3")) {
    const path = join(FOLDER, "tap-python");
    copyFileSync(join(SOURCES, "tap.py"), path);
    chmodSync(path, 0o755);
    programs.push({ name: "Python", path, bound: LOGS_OUTPUT, slow: true });
  } else told("no python3 in PATH: its row is left out");
  return programs;
}

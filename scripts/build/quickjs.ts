import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "../cache-dir.ts";
import { type CCompiler, type Compiler, compile, link } from "./compile.ts";

const ENGINE = ["quickjs", "libregexp", "libunicode", "cutils", "dtoa"];
const COMPILER_ONLY = ["qjsc", "quickjs-libc"];

/** The source directory of QuickJS: QUICKJS_SRC, or the one fetched by setup.sh. */
export function quickjsSource(env: NodeJS.ProcessEnv = process.env): string {
  const folder = env.QUICKJS_SRC || join(cacheDir(env), "quickjs-2025.04.26");
  if (!existsSync(join(folder, "quickjs.c"))) {
    throw new Error(
      `Cannot build QuickJS: ${folder} holds no quickjs.c\n  sh scripts/setup.sh fetches it; QUICKJS_SRC=DIR names another place`,
    );
  }
  return folder;
}

/** QuickJS: the objects to link with a tap, and qjsc, its bytecode compiler. */
export interface QuickJs {
  readonly objects: readonly string[];
  readonly qjsc: string;
}

/**
 * Builds QuickJS: the objects with the given compiler, qjsc always static with musl.
 * @param fast optimized for speed, for a program that runs for long; else for size
 */
export async function buildQuickJs(command: CCompiler = "musl-gcc", fast = false): Promise<QuickJs> {
  const source = quickjsSource();
  const version = readFileSync(join(source, "VERSION"), "utf8").trim();
  const compiler: Compiler = {
    command: "musl-gcc",
    flags: [
      "-Os",
      "-w",
      "-ffunction-sections",
      "-fdata-sections",
      "-fno-asynchronous-unwind-tables",
      "-D_GNU_SOURCE",
      `-DCONFIG_VERSION="${version}"`,
      '-DCONFIG_PREFIX="/usr"',
    ],
    includes: [],
  };
  const engine = ENGINE.map((name) => join(source, `${name}.c`));
  const sources = [...engine, ...COMPILER_ONLY.map((name) => join(source, `${name}.c`))];
  const objects = await compile(compiler, sources);
  const digest = /-([0-9a-f]+)\.o$/.exec(objects[0] ?? "")?.[1] ?? version;
  const qjsc = join(cacheDir(), "objects", `qjsc-${digest}`);
  if (!existsSync(qjsc))
    await link(compiler, sources, qjsc, ["-static", "-Wl,--gc-sections", "-s", "-lm", "-lpthread"]);
  if (command === "musl-gcc" && !fast) return { objects: objects.slice(0, engine.length), qjsc };
  const flags = fast ? compiler.flags.map((flag) => (flag === "-Os" ? "-O2" : flag)) : compiler.flags;
  return { objects: await compile({ ...compiler, command, flags }, engine), qjsc };
}

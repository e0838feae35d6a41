import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "../cache-dir.ts";
import { type CCompiler, type Compiler, compile, runTool } from "./compile.ts";
import { writePolicyHeader } from "./policy-header.ts";
import { buildQuickJs, quickjsSource } from "./quickjs.ts";
import { type AnsweringProgram, addSnapshot } from "./snapshot.ts";

const NATIVE = join(ROOT, "src", "native");
export const CORE = join(NATIVE, "core");

const core = (...names: readonly string[]) => names.map((name) => `core/${name}`);

/** Of the core, what each program has. */
const SHARED = core(
  "json-string",
  "secret",
  "secret-key",
  "secret-parts",
  "values",
  "common",
  "file",
  "lock",
  "rotate",
  "log",
  "io",
  "engine",
  "guard",
);

/** What a program has that answers one request and starts from a snapshot. */
const ANSWERING = [
  ...SHARED,
  ...core("scan", "json-string-searched", "pair", "source", "control", "arena", "host", "snapshot"),
  "tap/answer",
];

/** The C files of each program, in src/native. */
const PROGRAMS = {
  tap: [...ANSWERING, "tap/last-resort", "tap/main"],
  wrap: [
    ...ANSWERING,
    ...["last-resort", "main", "functions", "find", "child", "relay", "capture", "quote"].map(
      (name) => `wrap/${name}`,
    ),
  ],
  observe: [
    ...SHARED,
    ...[
      ...["memory", "main", "complain", "errno-name", "functions", "texts", "messages", "bytes", "fields"],
      ...["streams", "writer", "serve"],
    ].map((name) => `observe/${name}`),
  ],
} as const satisfies Record<AnsweringProgram | "observe", readonly string[]>;
export type Program = keyof typeof PROGRAMS;

/** What a program has beside its script, in parts that are evaluated when they are needed: symbol and entry point. */
const PARTS: Readonly<Record<Program, readonly (readonly [symbol: string, entry: string])[]>> = {
  tap: [],
  wrap: [],
  observe: [["program_yaml", join(ROOT, "src", "observe", "yaml-parser.ts")]],
};

/** The C code is small and runs once a call: speed where the payload is, size elsewhere matters less. */
export const NATIVE_FLAGS = [
  "-std=gnu17",
  "-O2",
  "-ffunction-sections",
  "-fdata-sections",
  "-fno-asynchronous-unwind-tables",
  "-D_GNU_SOURCE",
  "-Wall",
  "-Wextra",
];

export interface TapBuild {
  /** Default tap. */
  readonly program?: Program;
  /** The script's entry point. */
  readonly entry: string;
  /** The executable. */
  readonly out: string;
  /** What the tap calls itself; the executable's name otherwise. */
  readonly name?: string;
  /** musl-gcc makes a static executable; gcc one of the machine's own C library, which sanitizers need. */
  readonly compiler?: CCompiler;
  /** Further flags for the host's C and for linking it, as -DTAP_TEST_FAULTS. */
  readonly flags?: readonly string[];
  /** Further sources, compiled as the host's own. */
  readonly sources?: readonly string[];
  /** False: each call makes what it starts from by itself, as one must whose script fails. Default true. */
  readonly snapshot?: boolean;
}

export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  if (typeof manifest !== "object" || manifest === null || !("version" in manifest))
    throw new Error("Cannot read the version: package.json has none");
  return String(manifest.version);
}

/** TypeScript to one script: no modules, nothing of Node's. Its exports become a global of the name given. */
export async function bundleTap(entry: string, globalName?: string): Promise<string> {
  const bundle = await build({
    entryPoints: [entry],
    ...(globalName === undefined ? {} : { globalName }),
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    platform: "neutral",
    target: "es2023",
    define: { BUILD: JSON.stringify(packageVersion()) },
    logLevel: "warning",
  });
  return bundle.outputFiles[0]?.text ?? "";
}

/** Where the headers are that the C code includes. */
export function nativeIncludes(): string[] {
  return [CORE, join(NATIVE, "tap"), writePolicyHeader()];
}

/** The objects of the host, and of further sources. */
export async function compileHost({
  program = "tap",
  compiler: command = "musl-gcc",
  flags = [],
  sources = [],
}: Pick<TapBuild, "program" | "compiler" | "flags" | "sources">): Promise<string[]> {
  const compiler: Compiler = {
    command,
    flags: [...NATIVE_FLAGS, ...flags, "-isystem", quickjsSource()],
    includes: nativeIncludes(),
  };
  const own = PROGRAMS[program].map((name) => join(NATIVE, `${name}.c`));
  return compile(compiler, [...own, ...sources]);
}

/** An executable from a script: esbuild, qjsc, a C compiler. */
export async function buildTap(tap: TapBuild): Promise<void> {
  const {
    entry,
    out,
    program = "tap",
    name = basename(out),
    compiler = "musl-gcc",
    flags = [],
    snapshot = true,
  } = tap;
  const quickjs = await buildQuickJs(compiler, program === "observe");
  const objects = await compileHost(tap);
  mkdirSync(dirname(out), { recursive: true });
  const work = mkdtempSync(`${out}-build-`);
  try {
    const bytecode = async (symbol: string, script: string) => {
      const from = join(work, `${symbol}.js`);
      const to = join(work, `${symbol}.c`);
      writeFileSync(from, script);
      // -s twice: no names of local variables, no line numbers
      await runTool(quickjs.qjsc, ["-c", "-s", "-s", "-N", symbol, "-o", to, from]);
      return to;
    };
    const code = [join(work, "name.c")];
    for (const [symbol, part] of [["program_script", entry] as const, ...PARTS[program]])
      code.push(await bytecode(symbol, await bundleTap(part)));
    const mark = `\\0cni-tap program=${name} version=${packageVersion()}`;
    writeFileSync(
      join(work, "name.c"),
      `const char program_name[] = "${name}";\nconst char program_mark[] = "${mark}";\n`,
    );
    const fresh = join(work, "cni_wrap"); // as cni_wrap must be called, while it is tried
    await runTool(compiler, [
      ...(compiler === "musl-gcc" ? ["-static"] : []),
      "-Os",
      "-Wl,--undefined=program_mark", // nothing reads it but cnitap, in the file
      ...(program === "observe" ? [] : ["-Wl,--wrap=clock_gettime,--wrap=getpid,--wrap=gettimeofday"]), // snapshot.c says why
      "-Wl,--gc-sections,-z,noseparate-code,-z,norelro,--build-id=none",
      ...(flags.includes("-g") ? [] : ["-s"]),
      ...flags,
      "-o",
      fresh,
      ...code,
      ...objects,
      ...quickjs.objects,
      "-lm",
    ]);
    if (snapshot && program !== "observe" && compiler === "musl-gcc") await addSnapshot(program, fresh);
    renameSync(fresh, out); // never written in place: it may be running
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { cacheDir } from "../cache-dir.ts";

const run = promisify(execFile);

/** Runs a tool and returns its stdout. If it fails, the error has its stderr. */
export async function runTool(command: string, args: readonly string[]): Promise<string> {
  try {
    return (await run(command, args, { maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    const seen = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(`Cannot run ${basename(command)}: ${seen || String(error)}`);
  }
}

/** The supported C compilers: musl-gcc for static executables, and the machine's own. */
export type CCompiler = "musl-gcc" | "gcc";

/** A compiler with its flags. Objects are cached by a hash of all their inputs. */
export interface Compiler {
  readonly command: string;
  readonly flags: readonly string[];
  /** Directories of headers. All their .h files are inputs of each object. */
  readonly includes: readonly string[];
}

let compilerVersions: Map<string, Promise<string>> | undefined;

function versionOf(command: string): Promise<string> {
  compilerVersions ??= new Map();
  const known = compilerVersions.get(command) ?? runTool(command, ["--version"]);
  compilerVersions.set(command, known);
  return known;
}

function headersIn(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".h"))
      .sort()
      .map((name) => join(folder, name)),
  );
}

/** Compiles one source unless the object is cached. Returns the path of the object. */
async function compileOne(compiler: Compiler, source: string): Promise<string> {
  const hash = createHash("sha256");
  hash.update(
    JSON.stringify([await versionOf(compiler.command), compiler.command, compiler.flags, basename(source)]),
  );
  for (const file of [source, ...headersIn([dirname(source), ...compiler.includes])])
    hash.update(readFileSync(file));
  const folder = join(cacheDir(), "objects");
  const object = join(folder, `${basename(source, ".c")}-${hash.digest("hex").slice(0, 24)}.o`);
  if (!existsSync(object)) {
    mkdirSync(folder, { recursive: true });
    const fresh = `${object}.${randomUUID()}`; // others may compile it at the same time, in this process too
    const includes = compiler.includes.map((include) => `-I${include}`);
    await runTool(compiler.command, [...compiler.flags, ...includes, "-c", source, "-o", fresh]);
    renameSync(fresh, object);
  }
  return object;
}

/** Compiles sources in parallel, one per processor. Returns the objects in the order of the sources. */
export async function compile(compiler: Compiler, sources: readonly string[]): Promise<string[]> {
  const objects: string[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < sources.length; index = next++) {
      const source = sources[index];
      if (source !== undefined) objects[index] = await compileOne(compiler, source);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return objects;
}

/** Compiles and links with the linker's `flags`. Replaces `out` by a rename, since it may be running. */
export async function link(
  compiler: Compiler,
  sources: readonly string[],
  out: string,
  flags: readonly string[] = [],
): Promise<string> {
  const objects = await compile(compiler, sources);
  mkdirSync(dirname(out), { recursive: true });
  const fresh = `${out}.${randomUUID()}`; // safe for parallel builds
  await runTool(compiler.command, ["-o", fresh, ...objects, ...flags]);
  renameSync(fresh, out);
  return out;
}

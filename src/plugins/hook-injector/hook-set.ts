import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { causeOf } from "../../machine/machine-error.ts";
import { type HookFile, parseHookFile } from "./hook-file.ts";

/** Larger files are no hook files. */
const MOST_BYTES = 1 << 20;

/** A hook with the name of its file, which gives the order and stands in messages. */
export interface NamedHook extends HookFile {
  readonly name: string;
}

/** What one folder gave. */
export interface HookFolder {
  readonly path: string;
  /** Why it cannot be read; null: it was. */
  readonly fault: string | null;
  /** The names of its good files. */
  readonly names: readonly string[];
}

export interface HookSet {
  /** In the order in which they are injected: by name in lower case. */
  readonly hooks: readonly NamedHook[];
  readonly folders: readonly HookFolder[];
  /** What is wrong with files, each named by its path. */
  readonly faults: readonly string[];
}

/**
 * Reads the hooks of folders. A file replaces one of the same name of an earlier folder. A broken file is left
 * out and named.
 */
export function readHooks(paths: readonly string[]): HookSet {
  const hooks = new Map<string, NamedHook>();
  const folders: HookFolder[] = [];
  const faults: string[] = [];
  for (const path of paths) {
    const names: string[] = [];
    let entries: string[] = [];
    let fault: string | null = null;
    try {
      entries = readdirSync(path).filter((name) => name.endsWith(".json"));
    } catch (error) {
      fault = causeOf(error);
    }
    for (const name of entries.sort()) {
      try {
        hooks.set(name, { name, ...readHook(join(path, name)) });
        names.push(name);
      } catch (error) {
        faults.push(`${join(path, name)}: ${error instanceof Error ? error.message : error}`);
      }
    }
    folders.push({ path, fault, names });
  }
  const key = ({ name }: NamedHook) => `${name.toLowerCase()}\0${name}`;
  return { hooks: [...hooks.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1)), folders, faults };
}

function readHook(path: string): HookFile {
  const file = parseHookFile(readFile(path));
  try {
    statSync(file.hook.path);
  } catch (error) {
    throw new Error(`hook.path ${file.hook.path}: ${causeOf(error)}`);
  }
  return file;
}

/** @throws Error if it is no file, or too large: a FIFO would be waited for. */
function readFile(path: string): string {
  try {
    const status = statSync(path);
    if (status.isDirectory()) throw new Error("it is a directory");
    if (!status.isFile()) throw new Error("it is not a file");
    if (status.size > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES} bytes`);
    return readFileSync(path, "utf8");
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? new Error(causeOf(error)) : error;
  }
}

/** The hooks of folders as they are now: they are read again when a file has changed. */
export class HookSource {
  readonly #paths: readonly string[];
  readonly #changed: (set: HookSet) => void;
  #set: HookSet;
  #seen: string;

  /** @param changed called after each reading that gave something else */
  constructor(paths: readonly string[], changed: (set: HookSet) => void) {
    this.#paths = paths;
    this.#changed = changed;
    this.#seen = signatureOf(paths);
    this.#set = readHooks(paths);
  }

  get set(): HookSet {
    return this.#set;
  }

  /** Costs two system calls for each file, if there is nothing new. */
  refresh(): HookSet {
    const now = signatureOf(this.#paths);
    // What a fault names may be outside of these folders: a program that is there now.
    if (now === this.#seen && this.#set.faults.length === 0) return this.#set;
    const before = JSON.stringify(this.#set);
    this.#seen = now;
    this.#set = readHooks(this.#paths);
    if (JSON.stringify(this.#set) !== before) this.#changed(this.#set);
    return this.#set;
  }
}

/** Changes with each file that is written, made, renamed or removed. */
function signatureOf(paths: readonly string[]): string {
  const marks = paths.flatMap((path) => {
    try {
      return readdirSync(path).map((name) => {
        const status = statSync(join(path, name), { bigint: true, throwIfNoEntry: false });
        return status ? [name, status.ino, status.size, status.mtimeNs, status.ctimeNs].join() : name;
      });
    } catch (error) {
      return [causeOf(error)];
    }
  });
  return marks.join("\n");
}

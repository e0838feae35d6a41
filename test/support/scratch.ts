import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A directory (0700) of one test, for a log and its lock. */
export interface Scratch {
  readonly folder: string;
  readonly logFile: string;
  readonly lockFile: string;
  path(name: string): string;
  /** The names in the directory, or in one below it, sorted. */
  names(below?: string): string[];
  /** The log's bytes; none if there is no log. */
  log(): Buffer;
  /** The log's lines as text, without the line feeds. */
  lines(): string[];
  /** The same for a log that is being written: an incomplete last line is left out. */
  linesSoFar(): string[];
  remove(): void;
}

/** Where a scratch directory has its log and its lock. */
export interface ScratchNames {
  readonly log: string;
  readonly lock: string;
}

/** The caller removes it; `useScratch` does so by itself. */
export function makeScratch(at: ScratchNames = { log: "cni.log", lock: "cni.lock" }): Scratch {
  const folder = mkdtempSync(join(tmpdir(), "cni-tap-test-"));
  const logFile = join(folder, at.log);
  function log(): Buffer {
    return existsSync(logFile) ? readFileSync(logFile) : Buffer.alloc(0);
  }
  return {
    folder,
    logFile,
    lockFile: join(folder, at.lock),
    path: (name) => join(folder, name),
    names: (below = ".") => readdirSync(join(folder, below)).sort(),
    log,
    lines: () => splitLines(log()),
    linesSoFar: () => log().toString().split("\n").slice(0, -1),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A directory that is removed when the running test ends. */
export function useScratch(at?: ScratchNames): Scratch {
  const scratch = makeScratch(at);
  onTestFinished(() => scratch.remove());
  return scratch;
}

/** The lines of a log. Throws if the last line does not end in a line feed. */
export function splitLines(log: Buffer): string[] {
  if (log.length === 0) return [];
  const lines = log.toString().split("\n");
  if (lines.pop() !== "")
    throw new Error(`Cannot read the log: its last line has no line feed: ${lines.at(-1)}`);
  return lines;
}

import { execFileSync } from "node:child_process";
import { join } from "node:path";

/**
 * Builds a program at `path` that gives another one a terminal as stdin, and with `-e` also as stderr; for `TapCall.via`.
 * Needs gcc.
 */
export function buildTerminal(path: string): string {
  execFileSync("gcc", ["-O1", "-o", path, join(import.meta.dirname, "terminal.c")]);
  return path;
}

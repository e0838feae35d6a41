import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getAsset, isSea } from "node:sea";
import type { ProgramType } from "../conflist/tap-entries.ts";
import { cannot } from "./machine-error.ts";

/**
 * Gives the executables of taps and wrapper. Each is read when it is asked for, so a directory that lacks one
 * can be used where that one is not needed.
 * @throws {MachineError} if it cannot be read
 */
export type Taps = (type: ProgramType) => Uint8Array;

/** The executables of a directory; by default the built-in ones, or from source those of the checkout. */
export function loadTaps(from?: string): Taps {
  const loaded = new Map<ProgramType, Uint8Array>();
  return (type) => {
    const content = loaded.get(type) ?? load(type, from);
    loaded.set(type, content);
    return content;
  };
}

function load(type: ProgramType, from: string | undefined): Uint8Array {
  if (from === undefined && isSea()) return new Uint8Array(getAsset(type));
  const folder = from ?? join(import.meta.dirname, "../../bin");
  try {
    return readFileSync(join(folder, type));
  } catch (error) {
    throw cannot(`take ${type} from ${folder}`, error);
  }
}

/** The version in the mark that the build puts into each executable (program_mark); null if it has none. */
export function versionOf(executable: Uint8Array): string | null {
  const text = Buffer.from(executable.buffer, executable.byteOffset, executable.byteLength).toString(
    "latin1",
  );
  return /\0cni-tap program=[\w-]+ version=([\w.+-]+)\0/.exec(text)?.[1] ?? null;
}

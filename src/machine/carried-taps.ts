import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getAsset, isSea } from "node:sea";
import type { TapType } from "../conflist/tap-entries.ts";
import { cannot } from "./machine-error.ts";

/** The executables of both taps. */
export type Taps = Readonly<Record<TapType, Uint8Array>>;

/** Loads the taps from a directory; by default the built-in ones, or from source those of the checkout. */
export function loadTaps(from?: string): Taps {
  if (from === undefined && isSea()) return { cni_pre: asset("cni_pre"), cni_post: asset("cni_post") };
  const folder = from ?? join(import.meta.dirname, "../../bin");
  try {
    return {
      cni_pre: readFileSync(join(folder, "cni_pre")),
      cni_post: readFileSync(join(folder, "cni_post")),
    };
  } catch (error) {
    throw cannot(`take the taps from ${folder}`, error);
  }
}

function asset(name: string): Uint8Array {
  return new Uint8Array(getAsset(name));
}

/** The version in the mark that the build puts into each executable (program_mark); null if it has none. */
export function versionOf(executable: Uint8Array): string | null {
  const text = Buffer.from(executable.buffer, executable.byteOffset, executable.byteLength).toString(
    "latin1",
  );
  return /\0cni-tap program=[\w-]+ version=([\w.+-]+)\0/.exec(text)?.[1] ?? null;
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getAsset, isSea } from "node:sea";
import type { ProgramType } from "../conflist/tap-entries.ts";
import { asByteString, type ByteString } from "../log/byte-string.ts";
import { cannot } from "./machine-error.ts";

/** The observer's executable: its asset, and its file name wherever it is. */
export const OBSERVER = "cnitap-observe";
/** The observer's systemd unit, also an asset. */
export const UNIT = `${OBSERVER}.service`;

/**
 * Gives the executables of taps, wrapper and observer. Each is read when it is asked for, so a directory that lacks one
 * can be used where that one is not needed.
 * @throws {MachineError} if it cannot be read
 */
export type Taps = (type: ProgramType | typeof OBSERVER) => Uint8Array;

/** The executables of a directory; by default the built-in ones, or from source those of the checkout. */
export function loadTaps(from?: string): Taps {
  const loaded = new Map<string, Uint8Array>();
  return (type) => {
    const content = loaded.get(type) ?? load(type, from);
    loaded.set(type, content);
    return content;
  };
}

/** The text of the observer's systemd unit, that of deploy/. */
export function loadUnit(): ByteString {
  const content = isSea()
    ? new Uint8Array(getAsset(UNIT))
    : readFileSync(join(import.meta.dirname, "../../deploy", UNIT));
  return asByteString(Buffer.from(content).toString("latin1"));
}

function load(type: string, from: string | undefined): Uint8Array {
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
  return markOf(executable)?.version ?? null;
}

/** That mark: the program's name, "cni_pre", and its version; null if there is none. */
export function markOf(
  executable: Uint8Array,
): { readonly program: string; readonly version: string } | null {
  const text = Buffer.from(executable.buffer, executable.byteOffset, executable.byteLength).toString(
    "latin1",
  );
  const [, program, version] = /\0cni-tap program=([\w-]+) version=([\w.+-]+)\0/.exec(text) ?? [];
  return program === undefined || version === undefined ? null : { program, version };
}

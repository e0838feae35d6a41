import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { ConfFile, DropIn } from "../conflist/locate.ts";
import { isRead } from "../conflist/locate.ts";
import { asByteString, type ByteString } from "../log/byte-string.ts";
import { cannot, codeOf } from "./machine-error.ts";
import type { Root } from "./root.ts";

/** A network's file has a few hundred bytes. Larger files than this are not read. */
const MAX_BYTES = 1 << 20;

export interface ConfDir {
  /** All names, sorted, including directories and files that runtimes do not read. */
  readonly names: readonly string[];
  readonly files: readonly ConfFile[];
  readonly dropIns: readonly DropIn[];
}

/**
 * Reads a configuration directory.
 * @throws {MachineError} if it cannot be read
 */
export function readConfDir(root: Root, folder: string): ConfDir {
  try {
    const entries = readdirSync(root.at(folder), { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
    const files = entries
      .filter((entry) => isRead(entry.name) && !entry.isDirectory())
      .map(({ name }) => ({ file: name, text: readText(root.at(join(folder, name))) }));
    const dropIns = entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")) // such as the lock
      .flatMap(({ name }) => readDropIns(root, join(folder, name)));
    return { names: entries.map((entry) => entry.name), files, dropIns };
  } catch (error) {
    throw cannot(`read ${folder}`, error);
  }
}

function readDropIns(root: Root, folder: string): DropIn[] {
  let names: string[];
  try {
    names = readdirSync(root.at(folder));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return []; // removed after the listing
    throw error;
  }
  return names
    .filter((file) => file.endsWith(".conf"))
    .sort()
    .map((file) => ({ network: basename(folder), file, text: readText(root.at(join(folder, file))) }));
}

/** The bytes of a file; null if it cannot be read, is not a regular file, or is larger than MAX_BYTES. */
export function readText(path: string): ByteString | null {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size <= MAX_BYTES ? asByteString(readFileSync(path, "latin1")) : null;
  } catch {
    return null;
  }
}

/** Converts a byte string to a Buffer. */
export function bufferOf(text: ByteString): Buffer {
  return Buffer.from(text, "latin1");
}

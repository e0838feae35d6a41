import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs";
import { codeOf } from "./machine-error.ts";

/** What a small file has, or why it was not read. */
export type SmallFile =
  | { readonly kind: "text"; readonly text: string; readonly mtimeMs: number }
  | { readonly kind: "absent" | "odd" | "large" | "unreadable" };

/**
 * Reads a file that others may have put there: nothing but a regular file is opened, no link is followed, no FIFO waited
 * for. `odd` is any other kind of entry, `large` one of more than `mostBytes`.
 * @param path its directory's links must be resolved
 */
export function readSmallFile(path: string, mostBytes: number): SmallFile {
  let fd: number | null = null;
  try {
    if (!lstatSync(path).isFile()) return { kind: "odd" };
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile()) return { kind: "odd" };
    if (stat.size > mostBytes) return { kind: "large" };
    const bytes = Buffer.allocUnsafe(stat.size);
    const length = stat.size === 0 ? 0 : readSync(fd, bytes, 0, stat.size, 0);
    return { kind: "text", text: bytes.toString("utf8", 0, length), mtimeMs: stat.mtimeMs };
  } catch (error) {
    return { kind: ["ENOENT", "ENOTDIR"].includes(codeOf(error)) ? "absent" : "unreadable" };
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

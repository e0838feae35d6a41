import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
} from "node:fs";
import { dirname } from "node:path";
import type { ByteString } from "../log/byte-string.ts";
import { linkDurably, removeDurably, syncFolder, writeAtomically } from "./atomic-file.ts";
import { bufferOf, readText } from "./conf-dir.ts";
import { cannot, codeOf } from "./machine-error.ts";
import type { Root } from "./root.ts";
import { systemctl } from "./systemd.ts";

/**
 * A change of the node's files as a value: a dry run shows it, `perform` makes it. Paths are the host's.
 * Steps are performed in order; if the process is killed between two of them, the node still works.
 */
export type Step =
  | { readonly kind: "binary"; readonly path: string; readonly content: Uint8Array }
  | { readonly kind: "log"; readonly path: string }
  | { readonly kind: "private"; readonly path: string; readonly text: ByteString }
  | FileStep
  /** A file that every user may read: the keys of what is started by a link, the observer's unit. */
  | { readonly kind: "settings"; readonly path: string; readonly text: ByteString }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | { readonly kind: "remove"; readonly path: string }
  /** Removes a directory, unless others have put something into it. */
  | { readonly kind: "remove-folder"; readonly path: string }
  /** Runs systemctl for the unit at the path. */
  | { readonly kind: "systemctl"; readonly path: string; readonly args: readonly string[] };

/** A change of a file that runtimes read. `before` and `after` are null if the file does not exist. */
export interface FileStep {
  readonly kind: "config" | "drop-in";
  readonly path: string;
  readonly before: ByteString | null;
  readonly after: ByteString | null;
  /** Another file that it was made from, which must not have changed either. */
  readonly source?: { readonly path: string; readonly text: ByteString };
}

/** A file has changed after the steps were planned. The message is its path. */
export class Changed extends Error {
  override name = "Changed";
}

/**
 * Makes a change.
 * @throws {Changed} if a file that runtimes read has changed
 * @throws {MachineError} if a system call fails
 */
export function perform(root: Root, step: Step): void {
  const path = root.at(step.path);
  switch (step.kind) {
    case "binary":
      makeFolder(dirname(path), 0o755);
      writeAtomically(path, step.content, { mode: 0o755, setMode: true });
      break;
    case "log":
      createLog(root.entry(step.path));
      break;
    case "private":
      makeFolder(dirname(path), 0o700);
      writeAtomically(path, bufferOf(step.text), { mode: 0o600, setMode: true });
      break;
    case "config":
      writeConfig(root, step);
      break;
    case "drop-in":
      writeConfig(root, step);
      if (step.after === null) removeFolderIfEmpty(dirname(path));
      break;
    case "settings":
      makeFolder(dirname(path), 0o755);
      writeAtomically(path, bufferOf(step.text), { mode: 0o644, setMode: true });
      break;
    case "link":
      makeFolder(dirname(root.entry(step.path)), 0o755);
      linkDurably(root.entry(step.path), step.target);
      break;
    case "remove":
      removeDurably(root.entry(step.path)); // of a link, the link
      break;
    case "remove-folder":
      removeFolderIfEmpty(path);
      break;
    case "systemctl":
      systemctl(...step.args);
      break;
  }
}

function writeConfig(root: Root, { path: hostPath, before, after, source }: FileStep): void {
  const path = root.at(hostPath);
  const check = () => {
    if (readText(path) !== before) throw new Changed(path);
    if (source && readText(root.at(source.path)) !== source.text) throw new Changed(source.path);
  };
  if (after === null) {
    check();
    removeDurably(path);
    return;
  }
  makeFolder(dirname(path), 0o755);
  writeAtomically(path, bufferOf(after), { mode: 0o644, check });
}

function createLog(path: string): void {
  makeFolder(dirname(path), 0o700);
  try {
    const fd = openSync(
      path,
      constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW,
      0o600,
    );
    fchmodSync(fd, 0o600);
    closeSync(fd);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw cannot(`create the log ${path}`, error);
  }
}

function makeFolder(folder: string, mode: number): void {
  try {
    mkdirSync(dirname(folder), { recursive: true });
    mkdirSync(folder);
    chmodSync(folder, mode); // mkdir(2) applies the umask
    syncFolder(dirname(folder));
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw cannot(`create the directory ${folder}`, error);
  }
}

/** Removes a directory if it is empty. */
function removeFolderIfEmpty(folder: string): void {
  try {
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  } catch {
    // Another program has created a file in it, or it is a mount point: it stays.
  }
}

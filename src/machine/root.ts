import { lstatSync, readlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { MachineError } from "./machine-error.ts";

const MAX_LINKS = 40; // Linux' limit

/**
 * The host's file system: `/`, or in a container the directory where it is mounted. Converts paths of the
 * host to paths of this process. Symbolic links are resolved as on the host, so an absolute one stays below
 * the directory.
 */
export class Root {
  readonly folder: string;

  constructor(folder = "/") {
    this.folder = resolve(folder);
  }

  /** Converts a path and resolves its links. */
  at(path: string): string {
    if (this.folder === "/") return path;
    return join(this.folder, this.#resolve(path));
  }

  /** The same, but does not follow a link at the end of the path. */
  entry(path: string): string {
    return join(this.at(dirname(path)), basename(path));
  }

  /** Resolves the links. The path need not exist. */
  #resolve(path: string): string {
    let rest = path.split("/").filter(Boolean);
    let done = "/";
    let links = 0;
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      const next = name === ".." ? dirname(done) : join(done, name);
      const target = name === ".." || name === "." ? undefined : linkOf(join(this.folder, next));
      if (target === undefined) {
        done = next;
        continue;
      }
      if (++links > MAX_LINKS) throw new MachineError(`Cannot use ${path}: too many symbolic links`);
      rest = [...target.split("/").filter(Boolean), ...rest];
      if (target.startsWith("/")) done = "/";
    }
    return done;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined; // does not exist; the user of the path reports it
  }
}

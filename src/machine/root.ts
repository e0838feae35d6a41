import { lstatSync, readlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { MachineError } from "./machine-error.ts";

const MAX_LINKS = 40; // as Linux

/**
 * The host's file system: `/`, or in a container the directory where it is mounted. Paths of the host are turned into
 * paths of this process; symbolic links are followed as the host would, so that an absolute one stays below the directory.
 */
export class Root {
  readonly folder: string;

  constructor(folder = "/") {
    this.folder = resolve(folder);
  }

  at(path: string): string {
    if (this.folder === "/") return path;
    return join(this.folder, this.#resolve(path));
  }

  /** The same, but a link at the path's end is not followed. */
  entry(path: string): string {
    return join(this.at(dirname(path)), basename(path));
  }

  /** The path without links. Its end need not be there. */
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
    return undefined; // not there, or gone by now; whoever uses the path says so
  }
}

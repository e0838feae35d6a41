import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { causeOf, codeOf } from "../../machine/machine-error.ts";
import { DeviceError } from "./device-error.ts";
import { type Deadline, runProgram } from "./ip.ts";

/** Magic number of the file system that namespaces are files of (statfs(2)). */
const NSFS = 0x6e73_6673;
const ENDING = ".netns";
const OWN = "/proc/self/ns/net";

/**
 * Keeps the network namespaces of pods that have devices, each by a mount of its own. A namespace ends with its last
 * mount or process, and the kernel then deletes the virtual interfaces in it.
 */
export class Pins {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The number of the namespace at a path.
   * @throws {DeviceError} if there is none, or if it is the host's
   */
  inodeAt(netns: string): number {
    const inode = inodeOf(netns);
    if (typeof inode === "string")
      throw new DeviceError(`cannot use its network namespace ${netns}: ${inode}`);
    if (inode === inodeOf(OWN)) throw new DeviceError("its network namespace is the host's");
    return inode;
  }

  /** Whether a path still has a namespace. */
  isAt(netns: string, inode: number): boolean {
    return inodeOf(netns) === inode;
  }

  /** A path of a namespace: of its pin, else the runtime's. Null if it is gone. */
  pathOf(id: string, netns: string, inode: number): string | null {
    return [this.#path(id), netns].find((path) => this.isAt(path, inode)) ?? null;
  }

  /**
   * Pins the namespace at a path, unless it is. Returns the path of the pin.
   * @throws {DeviceError} if it cannot be pinned
   */
  async pin(id: string, netns: string, inode: number, deadline: Deadline): Promise<string> {
    const path = this.#path(id);
    if (this.isAt(path, inode)) return path;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      chmodSync(this.#folder, 0o700);
      closeSync(openSync(path, "a", 0o600));
    } catch (error) {
      throw new DeviceError(`cannot make ${path}: ${causeOf(error)}`);
    }
    await runProgram(["mount", "--bind", netns, path], "keep its network namespace", deadline);
    if (!this.isAt(path, inode)) {
      await this.unpin(id, deadline);
      throw new DeviceError("its network namespace went away");
    }
    return path;
  }

  /** @throws {DeviceError} if it stays mounted */
  async unpin(id: string, deadline: Deadline): Promise<void> {
    const path = this.#path(id);
    if (typeof inodeOf(path) === "number")
      await runProgram(["umount", "--lazy", path], "let go of a network namespace", deadline);
    rmSync(path, { force: true }); // ends copies of the mount in other mount namespaces, too
  }

  /**
   * The pods whose namespaces have a pin, or the file for one.
   * @throws {DeviceError} if the folder cannot be read
   */
  ids(): string[] {
    const names = this.#names();
    return names.filter((name) => name.endsWith(ENDING)).map((name) => name.slice(0, -ENDING.length));
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw new DeviceError(`Cannot read ${this.#folder}: ${causeOf(error)}`);
    }
  }

  #path(id: string): string {
    return join(this.#folder, `${id}${ENDING}`);
  }
}

/** The number of the namespace, or why there is none. */
function inodeOf(path: string): number | string {
  try {
    return statfsSync(path).type === NSFS ? statSync(path).ino : "it is no namespace";
  } catch (error) {
    return codeOf(error) === "" ? String(error) : causeOf(error);
  }
}

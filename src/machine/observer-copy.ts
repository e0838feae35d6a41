import { createHash } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { TEMP_ENDING } from "./atomic-file.ts";
import { OBSERVER } from "./carried-taps.ts";
import { RECORD_PATH } from "./installation-record.ts";
import { causeOf, codeOf, MachineError } from "./machine-error.ts";
import { mountOf } from "./mounts.ts";
import { findObservers } from "./observer-processes.ts";
import { Root } from "./root.ts";

/** Where copies of the observer's executable are kept, one a build. */
const FOLDER = dirname(RECORD_PATH);

export interface CopyPlaces {
  /** The executable that may be beside cnitap; null if cnitap has no place of its own. */
  readonly beside: string | null;
  /** Default: /var/lib/cni-tap. */
  readonly folder?: string;
  /** Directories for a copy without a name, tried in order. */
  readonly temporary: readonly string[];
}

/**
 * A path by which the observer can be started at once: the executable beside cnitap if it is the same, else the copy
 * in /var/lib/cni-tap, which is made if need be. Where none can be, a file that has no name any more, by its
 * descriptor. Nobody but root and this user can change what is at the path.
 * @throws {MachineError} if it can be started nowhere
 */
export function placeObserver(content: Uint8Array, places: CopyPlaces): string {
  const { beside, folder = FOLDER, temporary } = places;
  if (beside !== null && isSame(beside, content) && whyNotStarted(beside, beside) === null) return beside;
  const refusals: string[] = [];
  const attempts = [
    [folder, () => keepCopy(folder, content)],
    ...temporary.map((path) => [path, () => makeNameless(path, content)] as const),
  ] as const;
  for (const [place, make] of attempts) {
    try {
      const path = make();
      const why = whyNotStarted(path, place);
      if (why === null) return path;
      refusals.push(`${place}: ${why}`);
    } catch (error) {
      refusals.push(`${place}: ${error instanceof MachineError ? error.message : causeOf(error)}`);
    }
  }
  throw new MachineError(
    `Cannot start ${OBSERVER}: ${refusals.join("; ")}\nPut the executable ${OBSERVER} of this build where programs may be started, and start it there.`,
  );
}

/** The copies in /var/lib/cni-tap, as paths of the host. */
export function keptCopies(root: Root): string[] {
  return copiesIn(root.at(FOLDER)).map((name) => join(FOLDER, name));
}

/** The copy of this build. A new one takes the place of those that no process runs. */
function keepCopy(folder: string, content: Uint8Array): string {
  const path = join(folder, nameOf(content));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!isClosed(statSync(folder))) throw new MachineError("others may write it");
  if (isSame(path, content)) return path;
  const temp = `${path}.${process.pid}${TEMP_ENDING}`; // two may be started at once
  try {
    closeSync(writeExecutable(temp, content));
    renameSync(temp, path);
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  }
  removeOthers(folder, path);
  return path;
}

function removeOthers(folder: string, path: string): void {
  const running = findObservers(new Root());
  for (const name of copiesIn(folder)) {
    const other = join(folder, name);
    if (other !== path && running && !running.some((one) => one.path === other))
      rmSync(other, { force: true });
  }
}

/** A file without a name, which is gone when the last process that runs it ends. */
function makeNameless(folder: string, content: Uint8Array): string {
  const own = mkdtempSync(join(folder, "cni-tap-")); // of mode 0700
  try {
    const path = join(own, OBSERVER);
    closeSync(writeExecutable(path, content)); // one that is open for writing cannot be started
    const fd = openSync(path, "r");
    if (!hasContent(fd, content)) throw new MachineError("the file was replaced"); // by the directory's owner
    return `/proc/self/fd/${fd}`;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** Writes a new file, and returns its descriptor. */
function writeExecutable(path: string, content: Uint8Array): number {
  const fd = openSync(path, "wx", 0o700);
  try {
    writeFileSync(fd, content);
    fchmodSync(fd, 0o700);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function isSame(path: string, content: Uint8Array): boolean {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return hasContent(fd, content);
    } finally {
      closeSync(fd);
    }
  } catch {
    return false; // not there, a link, or unreadable
  }
}

/** Whether a file has this content, and only root or this user can change it. */
function hasContent(fd: number, content: Uint8Array): boolean {
  const stat = fstatSync(fd);
  return stat.isFile() && isClosed(stat) && stat.size === content.length && readFileSync(fd).equals(content);
}

function isClosed({ uid, mode }: Stats): boolean {
  return (uid === 0 || uid === process.geteuid?.()) && (mode & 0o022) === 0;
}

/**
 * Why execve(2) would refuse a file, as a clause; null if it would not. Node.js ends the process if it does.
 * @param place a path on its mount
 */
function whyNotStarted(path: string, place: string): string | null {
  try {
    accessSync(path, constants.X_OK); // fails on a mount without execution, too
    return null;
  } catch (error) {
    const noexec = codeOf(error) === "EACCES" && mountOf(new Root(), place)?.options.includes("noexec");
    return noexec ? "it is on a mount without execution (noexec)" : causeOf(error);
  }
}

function copiesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter(
      (name) => /^cnitap-observe-[0-9a-f]{16}$/.test(name) && lstatSync(join(folder, name)).isFile(),
    );
  } catch {
    return []; // the directory is not there
  }
}

function nameOf(content: Uint8Array): string {
  return `${OBSERVER}-${createHash("sha256").update(content).digest("hex").slice(0, 16)}`;
}

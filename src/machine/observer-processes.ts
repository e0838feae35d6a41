import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { OBSERVER } from "./carried-taps.ts";
import { RECORD_PATH } from "./installation-record.ts";
import type { Root } from "./root.ts";

/** Ticks of /proc's times a second, on every architecture that Node.js runs on. */
const TICKS = 100;
/** Time that an installation may take from its record to the observer's start; small steps of the clock. */
const TOLERANCE_MS = 2000;
const DELETED = / \(deleted\)$/;

/** A running observer. Its writers, which are processes of their own, are not told. */
export interface ObserverProcess {
  readonly pid: number;
  /** Its executable, as its own mounts name it. Other files may be there by now. */
  readonly path: string;
  /** Its command line, the program's name first. */
  readonly args: readonly string[];
  /** When it was started, in milliseconds since 1970; up to 10 ms off. */
  readonly startedMs: number;
}

/** The observers that run, by pid; null where processes cannot be seen. */
export function findObservers(root: Root): ObserverProcess[] | null {
  const proc = root.at("/proc");
  if (namesIn(proc).length === 0) return null; // not mounted
  const bootMs = bootTime(proc);
  const found = namesIn(proc)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(proc, name, bootMs) ?? [])
    .sort((a, b) => a.pid - b.pid);
  return found
    .filter(({ parent }) => !found.some(({ pid }) => pid === parent))
    .map(({ parent: _, ...one }) => one);
}

/** Whether the last installation came after the start of an observer, which may not log as the taps do then. */
export function isOutdated(root: Root, { startedMs }: ObserverProcess): boolean {
  const recordMs = statSync(root.at(RECORD_PATH), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return recordMs > startedMs + TOLERANCE_MS;
}

/** The bytes of a process' executable, even if it was removed; null if it has ended. */
export function executableOf(root: Root, pid: number): Uint8Array | null {
  return readIf(join(root.at("/proc"), String(pid), "exe"));
}

function readProcess(
  proc: string,
  name: string,
  bootMs: number,
): (ObserverProcess & { readonly parent: number }) | null {
  const path = exeOf(join(proc, name));
  if (path === null || !isObserverName(basename(path))) return null;
  const stat = readIf(join(proc, name, "stat"))?.toString("latin1");
  const args = readIf(join(proc, name, "cmdline"))
    ?.toString()
    .split("\0")
    .slice(0, -1);
  if (stat === undefined || args === undefined) return null; // ended meanwhile
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // from the third, proc_pid_stat(5)
  const startedMs = bootMs + (Number(fields[19]) * 1000) / TICKS;
  return { pid: Number(name), path, args, startedMs, parent: Number(fields[1]) };
}

/** Whether a file of this name is an observer: as it is installed, or the copy that cnitap keeps of it. */
function isObserverName(name: string): boolean {
  return name === OBSERVER || (name.startsWith(`${OBSERVER}-`) && /^[0-9a-f]{16}$/.test(name.slice(-16)));
}

function exeOf(process: string): string | null {
  try {
    return readlinkSync(join(process, "exe")).replace(DELETED, "");
  } catch {
    return null; // it has ended, is a thread of the kernel, or another user's
  }
}

function bootTime(proc: string): number {
  const seconds = /^btime (\d+)$/m.exec(readIf(join(proc, "stat"))?.toString("latin1") ?? "")?.[1];
  return Number(seconds ?? 0) * 1000;
}

function readIf(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

import { readdirSync, readFileSync } from "node:fs";
import { onTestFinished } from "vitest";
import { waitFor } from "../../../scripts/containerd/wait.ts";

/** The processes of an observer that write: its log, and standard error. */
export type WriterName = "cnitap-log" | "cnitap-err";

/** The children of a process, by their names. */
export function childrenOf(pid: number): { readonly pid: number; readonly name: string }[] {
  const children = textOf(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return children.map((child) => ({ pid: child, name: textOf(`/proc/${child}/comm`).trim() }));
}

/** The ID of an observer's process that writes. It waits until there is one, other than `not`. */
export function writerOf(pid: number, name: WriterName, not = 0): Promise<number> {
  const found = () => childrenOf(pid).find((child) => child.name === name && child.pid !== not)?.pid;
  return waitFor(`${name} of process ${pid}`, found);
}

/** Stops a process, as a debugger does or a disk that does not answer, until `go` or the end of the test. */
export function stopped(pid: number): { go(): void } {
  const go = () => signal(pid, "SIGCONT");
  process.kill(pid, "SIGSTOP");
  onTestFinished(go);
  return { go };
}

/** Waits until a process has ended. */
export function untilGone(pid: number): Promise<unknown> {
  const ended = () => /^$|\) Z /.test(textOf(`/proc/${pid}/stat`));
  return waitFor(`the end of process ${pid}`, ended);
}

/** How many descriptors a process has. */
export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** The memory of a process that it has for itself, in KB. */
export function memoryOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const parts = [...text.matchAll(/^(?:Private_Clean|Private_Dirty):\s+(\d+) kB$/gm)];
  return parts.reduce((sum, [, kb]) => sum + Number(kb), 0);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it has ended
  }
}

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TapCall, TapRun } from "../../support/run-tap.ts";
import { bring, type Place } from "./place.ts";

/** What befalls a system call of a tap; the numbers are Linux's on x86-64. See tracer.c. */
export type Trace =
  | readonly ["kill", nth: number]
  | readonly ["fail", nth: number, errno: number]
  | readonly ["deny", syscall: number, errno: number]
  | readonly ["clock", seconds: number];

/** System calls by their number on x86-64. */
export const SYSCALL = {
  read: 0,
  mmap: 9,
  writev: 20,
  mremap: 25,
  flock: 73,
  arch_prctl: 158,
  set_tid_address: 218,
  clock_gettime: 228,
  exit_group: 231,
  renameat2: 316,
  getrandom: 318,
} as const;

export interface TracedRun extends TapRun {
  /** The system call that was hit and its first argument; null where none was. */
  readonly hit: { readonly syscall: number; readonly argument: number } | null;
}

/** Makes a call of the very executable, one of its system calls disturbed. A killed one ends with code 137. */
export async function runTraced(place: Place, trace: Trace, call: TapCall): Promise<TracedRun> {
  const report = join(place.folder, "tracer.report");
  writeFileSync(report, "");
  const tracer = await bring("tracer", place);
  const via = [tracer, join(place.seenAs, "tracer.report"), ...trace.map(String), ...(call.via ?? [])];
  const run = await place.run({ ...call, via });
  return { ...run, hit: readHit(report) };
}

function readHit(report: string): TracedRun["hit"] {
  const text = readFileSync(report, "utf8");
  if (text === "") return null;
  const [syscall = 0, argument = 0] = text.split(" ").map(Number);
  return { syscall, argument };
}

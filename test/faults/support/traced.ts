import { execFileSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { startTap, type TapCall, type TapRun } from "../../support/run-tap.ts";
import type { Scratch } from "../../support/scratch.ts";
import { bring, here, type Place } from "./place.ts";

/** What tracer.c does to a system call of a tap. The numbers are Linux's on x86-64. */
export type Trace =
  | readonly ["kill", nth: number]
  | readonly ["fail", nth: number, errno: number]
  | readonly ["deny", syscall: number, errno: number]
  | readonly ["clock", seconds: number];

/** System calls by their number on x86-64. */
export const SYSCALL = {
  read: 0,
  write: 1,
  stat: 4,
  fstat: 5,
  poll: 7,
  pread64: 17,
  writev: 20,
  setitimer: 38,
  pipe: 22,
  fcntl: 72,
  getppid: 110,
  fork: 57,
  vfork: 58,
  clone: 56,
  wait4: 61,
  flock: 73,
  arch_prctl: 158,
  set_tid_address: 218,
  clock_gettime: 228,
  exit_group: 231,
  prctl: 157,
  waitid: 247,
  splice: 275,
  tee: 276,
  pipe2: 293,
  prlimit64: 302,
  renameat2: 316,
  getrandom: 318,
  memfd_create: 319,
  statx: 332,
  close_range: 436,
} as const;

/** A system call that was hit, its first argument, and the tap's process. */
export interface Hit {
  readonly syscall: number;
  readonly argument: number;
  readonly pid: number;
}

export interface TracedRun extends TapRun {
  /** Null if no system call was hit. */
  readonly hit: Hit | null;
}

/** Makes a call of the executable with a disturbance of one of its system calls. A killed tap ends with code 137. */
export async function runTraced(place: Place, trace: Trace, call: TapCall): Promise<TracedRun> {
  const report = join(place.folder, "tracer.report");
  writeFileSync(report, "");
  const tracer = await bring("tracer", place);
  const via = [tracer, join(place.seenAs, "tracer.report"), ...trace.map(String), ...(call.via ?? [])];
  const run = await place.run({ ...call, via });
  return { ...run, hit: readHit(report) };
}

/** A tap that is stopped at one of its system calls. */
export interface HeldTap {
  readonly at: Hit;
  /** What the tap has written to standard output so far. */
  stdout(): string;
  /** Lets the tap run to its end. */
  go(): Promise<TapRun>;
}

/** Makes a call and stops the tap before or after its n-th call of this system call. */
export async function holdAt(
  scratch: Scratch,
  [when, syscall, nth]: readonly ["before" | "after", syscall: number, nth: number],
  call: TapCall,
): Promise<HeldTap> {
  const report = scratch.path("tracer.report");
  writeFileSync(report, "");
  execFileSync("mkfifo", [`${report}.go`]);
  const tracer = await bring("tracer", here(scratch));
  const via = [tracer, report, when, String(syscall), String(nth), ...(call.via ?? [])];
  const tap = startTap({ ...call, via });
  onTestFinished(() => void tap.child.kill("SIGKILL")); // ends the tap, too
  const seen: Buffer[] = [];
  tap.child.stdout?.on("data", (chunk: Buffer) => seen.push(chunk));
  tap.end();
  const early = tap.done.then(({ code, stderr }) => {
    throw new Error(`Cannot hold the tap: it ended before with ${code} ${stderr}`);
  });
  const at = await Promise.race([untilHit(report), early]);
  return {
    at,
    stdout: () => Buffer.concat(seen).toString(),
    go: () => {
      closeSync(openSync(`${report}.go`, "w"));
      return tap.done;
    },
  };
}

async function untilHit(report: string): Promise<Hit> {
  for (;;) {
    const hit = readHit(report);
    if (hit !== null) return hit;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** The system call that a tracer has reported. */
export function readHit(report: string): Hit | null {
  const text = existsSync(report) ? readFileSync(report, "utf8") : "";
  if (!text.endsWith("\n")) return null;
  const [syscall = 0, argument = 0, pid = 0] = text.split(" ").map(Number);
  return { syscall, argument, pid };
}

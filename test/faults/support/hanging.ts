import { execFileSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import type { Scratch } from "../../support/scratch.ts";

/** A system call on one file that hangs, as on a disk that does not answer, until it is released. */
export interface Hanging {
  /** For the process whose calls hang. */
  readonly env: Readonly<Record<string, string>>;
  /** Waits until a call hangs. */
  began(): Promise<unknown>;
  /** Whether it does still. */
  readonly goesOn: boolean;
  release(): void;
}

/** A call that has done nothing yet, or, "opened" and "looked" (pread), all but come back. */
export type HangingCall = "write" | "open" | "opened" | "looked";

/** Makes calls on the scratch directory's log hang. Needs gcc. */
export function useHanging(scratch: Scratch, call: HangingCall): Hanging {
  const library = scratch.path("hanging.so");
  const source = join(import.meta.dirname, "hanging.c");
  execFileSync("gcc", ["-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", library, source, "-ldl"]);
  const gate = scratch.path("hang");
  const seen = scratch.path("hangs");
  writeFileSync(gate, "");
  return {
    env: {
      ...{ LD_PRELOAD: library, HANG_CALL: call, HANG_FILE: scratch.logFile },
      ...{ HANG_WHILE: gate, HANG_SEEN: seen },
    },
    began: () => waitFor(`a ${call} that hangs`, () => existsSync(seen)),
    get goesOn() {
      return existsSync(gate) && existsSync(seen);
    },
    release: () => rmSync(gate),
  };
}

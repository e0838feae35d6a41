import { execFileSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import type { Scratch } from "../../support/scratch.ts";

/** A system call on one file that hangs until it is released, as on a disk that does not answer. */
export interface Hanging {
  /** Variables for the process whose calls hang. */
  readonly env: Readonly<Record<string, string>>;
  /** Waits until a call hangs. */
  began(): Promise<unknown>;
  /** Whether the call still hangs. */
  readonly hangs: boolean;
  release(): void;
}

/** Where it hangs: before a write or open, or, with "opened" and "looked" (pread), right before the call returns. */
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
    get hangs() {
      return existsSync(gate) && existsSync(seen);
    },
    release: () => rmSync(gate),
  };
}

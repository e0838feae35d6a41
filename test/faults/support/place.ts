import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { PrivateMachine } from "../../support/private-mounts.ts";
import { runTap, type TapCall, type TapRun } from "../../support/run-tap.ts";
import type { Scratch } from "../../support/scratch.ts";
import { buildProgram, type Program } from "./programs.ts";

/** Where calls are made: a directory for the files of a helper program, and its path as the calls see it. */
export interface Place {
  readonly folder: string;
  readonly seenAs: string;
  run(call: TapCall): Promise<TapRun>;
}

/** This machine. */
export function here(scratch: Scratch): Place {
  return { folder: scratch.folder, seenAs: scratch.folder, run: runTap };
}

/** A private machine; the directory is its /tmp. */
export function inside({ scratch, run }: PrivateMachine): Place {
  return { folder: scratch.path("tmp"), seenAs: "/tmp", run };
}

/** Copies a helper program to where the calls can see it, as they may not see the checkout. Returns its path there. */
export async function bring(program: Program, { folder, seenAs }: Place): Promise<string> {
  const built = await buildProgram(program);
  const copy = join(folder, program);
  if (!existsSync(copy)) copyFileSync(built, copy); // it may be running
  return join(seenAs, program);
}

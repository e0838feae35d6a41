import { copyFileSync, writeFileSync } from "node:fs";
import { type Role, runTap, type TapCall, type TapRun } from "../../support/run-tap.ts";
import type { Scratch } from "../../support/scratch.ts";
import { buildProgram } from "./programs.ts";

export interface Crowd {
  readonly role: Role;
  readonly env: Readonly<Record<string, string>>;
  /** The variable that numbers the calls; CNI_CONTAINERID unless told. */
  readonly variable?: string;
  readonly from?: number;
  readonly to: number;
  readonly atOnce: number;
  /** See crowd.c; "whole" unless told. */
  readonly mode?: "whole" | "cut" | `kill:${number}`;
  readonly stdin: string | Uint8Array;
  /** What each call should write to stdout. */
  readonly reply: string;
  readonly exe?: string;
}

export interface CrowdCall {
  readonly number: number;
  readonly code: number;
  /** 0 where none ended it. */
  readonly signal: number;
  /** Whether stdout is the reply asked for. */
  readonly same: boolean;
  /** The line feed at its end is a space. */
  readonly stderr: string;
  /** Where it is not the reply asked for: its beginning. */
  readonly stdout: string;
}

/** Where the crowd's own files lie: the scratch folder, and what it is called where the calls are made. */
export interface CrowdPlace {
  readonly scratch: Scratch;
  readonly folder?: string;
  /** The folder's name as the calls see it. */
  readonly seenAs?: string;
  run?(call: TapCall): Promise<TapRun>;
}

let crowds = 0;

/** Many calls of one tap, made by a small C program: some 2,000 a second. In the order of their ends. */
export async function runCrowd(crowd: Crowd, place: CrowdPlace): Promise<CrowdCall[]> {
  const { scratch, folder = scratch.folder, seenAs = folder, run = runTap } = place;
  const name = `crowd-${++crowds}`;
  copyFileSync(await buildProgram("crowd"), `${folder}/${name}`);
  writeFileSync(`${folder}/${name}.stdin`, crowd.stdin);
  writeFileSync(`${folder}/${name}.reply`, crowd.reply);
  const seen = `${seenAs}/${name}`;
  const { role, env, variable = "CNI_CONTAINERID", from = 1, to, atOnce, mode = "whole", exe } = crowd;
  const numbers = [from, to, atOnce].map(String);
  const { stdout, stderr, code } = await run({
    role,
    env,
    stdin: null,
    via: [seen, variable, ...numbers, mode, `${seen}.stdin`, `${seen}.reply`],
    timeoutMs: 120_000,
    ...(exe === undefined ? {} : { exe }),
  });
  if (code !== 0) throw new Error(`Cannot run the crowd: it ended with ${code} ${stderr}`);
  return stdout.toString("latin1").trimEnd().split("\n").map(readCall);
}

function readCall(line: string): CrowdCall {
  const [number, code, signal, same, stderr = "", out = ""] = line.split("\t");
  return {
    number: Number(number),
    code: Number(code),
    signal: Number(signal),
    same: same === "1",
    stderr,
    stdout: out,
  };
}

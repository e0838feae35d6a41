import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Role } from "../../support/run-tap.ts";
import { bring, type Place } from "./place.ts";

export interface Crowd {
  readonly role: Role;
  readonly env: Readonly<Record<string, string>>;
  /** The variable that gets the number of the call; CNI_CONTAINERID by default. */
  readonly variable?: string;
  readonly from?: number;
  readonly to: number;
  readonly atOnce: number;
  /** See crowd.c; "whole" by default. */
  readonly mode?: "whole" | "cut" | `kill:${number}`;
  readonly stdin: string | Uint8Array;
  /** What each call should write to stdout. */
  readonly reply: string;
  readonly exe?: string;
  /** For all calls together; 120,000 by default. */
  readonly timeoutMs?: number;
}

export interface CrowdCall {
  readonly number: number;
  readonly code: number;
  /** The signal that ended it, or 0. */
  readonly signal: number;
  /** Whether stdout is the expected reply. */
  readonly same: boolean;
  /** Control characters are spaces here, also the line feed at the end. */
  readonly stderr: string;
  /** If it is not the expected reply, its beginning. */
  readonly stdout: string;
}

let crowds = 0;

/** Makes many calls of one tap with a small C program, about 2,000 a second. Returns them in the order of their ends. */
export async function runCrowd(crowd: Crowd, place: Place): Promise<CrowdCall[]> {
  const name = `crowd-${++crowds}`;
  writeFileSync(join(place.folder, `${name}.stdin`), crowd.stdin);
  writeFileSync(join(place.folder, `${name}.reply`), crowd.reply);
  const seen = join(place.seenAs, name);
  const {
    role,
    env,
    variable = "CNI_CONTAINERID",
    from = 1,
    to,
    atOnce,
    mode = "whole",
    exe,
    timeoutMs = 120_000,
  } = crowd;
  const numbers = [from, to, atOnce].map(String);
  const { stdout, stderr, code } = await place.run({
    role,
    env,
    stdin: null,
    via: [await bring("crowd", place), variable, ...numbers, mode, `${seen}.stdin`, `${seen}.reply`],
    timeoutMs,
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

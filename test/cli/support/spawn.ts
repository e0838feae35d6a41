import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { ROOT } from "../../../scripts/cache-dir.ts";

export const CNITAP = join(ROOT, "bin", "cnitap");
/** What `cnitap observe` is. */
export const OBSERVER = join(ROOT, "bin", "cnitap-observe");
export const PRELOAD = join(import.meta.dirname, "kill-at.cjs");

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly pid: number;
  /** What it has written to standard error so far. */
  said(): string;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

/** Starts a program. Its environment is PATH and `env`. */
export function start(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Started {
  const child = spawn(file, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const code = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => resolve({ code, signal }));
  });
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    err += chunk;
  });
  const ended = Promise.all([code, text(child.stdout)]).then(([end, out]) => ({ ...end, out, err }));
  return { pid: child.pid ?? 0, said: () => err, kill: (signal) => void child.kill(signal), ended };
}

/** Runs the built executable. */
export function runCnitap(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended> {
  return start(CNITAP, args, env).ended;
}

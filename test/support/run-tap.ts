import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, closeSync, constants, openSync } from "node:fs";
import { resolve } from "node:path";

/** Where a tap stands in the chain. */
export type Role = "pre" | "post";
export const roles: readonly Role[] = ["pre", "post"];

export interface TapCall {
  readonly role: Role;
  /** The whole environment of the call; nothing is inherited. Bytes are for values that are not UTF-8. */
  readonly env: Readonly<Record<string, string | Uint8Array>>;
  /** The tap's stdin; null is /dev/null. */
  readonly stdin?: string | Uint8Array | null;
  /** Descriptors that are closed when the tap starts. */
  readonly closed?: readonly (0 | 1 | 2)[];
  /** Opened for writing as stdout, for example /dev/full. */
  readonly stdoutPath?: string;
  readonly stderrPath?: string;
  /** A program that starts the tap in its own environment; the tap's path is its last argument. */
  readonly via?: readonly string[];
  /** A command that runs the whole call, for example in a namespace; the call is appended to it. */
  readonly inside?: readonly string[];
  /** Shell commands before the tap's exec, for example `ulimit -n 4`. */
  readonly shell?: string;
  /** The executable, if not the one of `tapPath`. */
  readonly exe?: string;
  /** The call fails if the tap still runs after this time; 10,000 by default. */
  readonly timeoutMs?: number;
}

export interface TapRun {
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Exit code; null when a signal ended the tap. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly pid: number;
  /** From spawn to the end of all output. */
  readonly ms: number;
}

export interface StartedTap {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Writes all of stdin and closes it; until then the tap waits for it. */
  end(): void;
  readonly done: Promise<TapRun>;
}

/** The executable of a role: the checkout's own, unless CNITAP_PRE or CNITAP_POST names another. */
export function tapPath(role: Role): string {
  const variable = `CNITAP_${role.toUpperCase()}`;
  const path = resolve(process.env[variable] || resolve(import.meta.dirname, `../../bin/cni_${role}`));
  try {
    accessSync(path, constants.X_OK);
  } catch {
    throw new Error(
      `Cannot run cni_${role}: no executable at ${path}\nBuild it (npm run build) or set ${variable}.`,
    );
  }
  return path;
}

/** One call from start to end, as a container runtime makes it. */
export function runTap(call: TapCall): Promise<TapRun> {
  const tap = startTap(call);
  tap.end();
  return tap.done;
}

/** Starts a call and leaves stdin open, so that a test can act while the tap waits for it. */
export function startTap(call: TapCall): StartedTap {
  const exe = call.exe ?? tapPath(call.role);
  const timeoutMs = call.timeoutMs ?? 10_000;
  const [command, args, env] = commandLine(call, exe);
  const opened: number[] = [];
  function open(path: string): number {
    const fd = openSync(path, "w");
    opened.push(fd);
    return fd;
  }
  const began = performance.now();
  const child = spawn(command, args, {
    env,
    stdio: [
      call.stdin === null ? "ignore" : "pipe",
      call.stdoutPath === undefined ? "pipe" : open(call.stdoutPath),
      call.stderrPath === undefined ? "pipe" : open(call.stderrPath),
    ],
  });
  for (const fd of opened) closeSync(fd);
  const done = collect(child, began, timeoutMs, `cni_${call.role}`);
  // A tap that does not read stdin closes it: writing then fails, which is not an error.
  child.stdin?.on("error", () => {});
  return { pid: child.pid ?? 0, child, end: () => void child.stdin?.end(call.stdin ?? ""), done };
}

function collect(child: ChildProcess, began: number, timeoutMs: number, name: string): Promise<TapRun> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
  return new Promise((resolvePromise, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`Cannot finish the call: ${name} still ran after ${timeoutMs} ms`));
    }, timeoutMs);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const ms = performance.now() - began;
      const text = Buffer.concat(stderr).toString();
      resolvePromise({ stdout: Buffer.concat(stdout), stderr: text, code, signal, pid: child.pid ?? 0, ms });
    });
  });
}

/** Starts the tap directly if possible, otherwise from a shell that replaces itself, so the process ID stays. */
function commandLine(call: TapCall, exe: string): [string, string[], Record<string, string>] {
  const env: Record<string, string> = {};
  let plain = call.inside === undefined && call.shell === undefined && (call.closed ?? []).length === 0;
  for (const [name, value] of Object.entries(call.env)) {
    if (typeof value === "string") env[name] = value;
    else plain = false;
  }
  const words = [...(call.via ?? []), exe];
  if (plain) return [words[0] ?? exe, words.slice(1), env];
  const assignments = Object.entries(call.env).map(([name, value]) => `${name}=${shellWord(value)}`);
  const closing = (call.closed ?? []).map((fd) => (fd === 0 ? "<&-" : `${fd}>&-`));
  const line = ["exec env -i", ...assignments, ...words.map(shellWord), ...closing].join(" ");
  const all = [...(call.inside ?? []), "/bin/sh", "-c", `${call.shell ?? ":"}\n${line}`];
  return [all[0] ?? "/bin/sh", all.slice(1), { PATH: process.env.PATH ?? "/usr/bin:/bin" }];
}

/** Quotes a text as one word of the shell. Bytes must not end in a line feed. */
export function shellWord(value: string | Uint8Array): string {
  if (typeof value === "string") return `'${value.replaceAll("'", "'\\''")}'`;
  const octal = [...value].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  return `"$(printf '${octal}')"`;
}

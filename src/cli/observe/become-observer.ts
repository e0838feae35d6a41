import { spawn } from "node:child_process";
import { closeSync, fstatSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isSea } from "node:sea";
import { loadTaps, OBSERVER } from "../../machine/carried-taps.ts";
import { placeObserver } from "../../machine/observer-copy.ts";
import type { PluginEnvironment } from "../../nri/identity.ts";
import { isPlugin } from "../../observe/identity.ts";
import { pluginNamed } from "../plugin/launch.ts";

/** Signals that end the observer, and that a runtime or a shell sends to the process that it started. */
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
/** Node.js closes descriptors above these at an execve(2). */
const STANDARD = 3;

/** The arguments of the observer if this command line is its own: without a leading `observe`; else null. */
export function observerArguments(
  args: readonly string[],
  program: string,
  env: PluginEnvironment,
): readonly string[] | null {
  if (pluginNamed(program)) return null; // a sample plugin, whatever launched it
  if (isPlugin(args, program, env)) return args;
  const [command, ...rest] = args;
  if (command === "observe") return rest;
  return command === "help" && rest[0] === "observe" ? ["--help"] : null;
}

/**
 * Makes this process the observer: same pid, name, arguments, environment, terminal. Where it holds the runtime's
 * connection, which Node.js would close, the observer is its child instead, and it ends as the child does.
 * @param program the name that this process was started with
 * @throws {MachineError} if the observer cannot be started
 */
export function becomeObserver(args: readonly string[], program: string, env: NodeJS.ProcessEnv): void {
  const path = placeObserver(loadTaps()(OBSERVER), {
    beside: isSea() ? join(dirname(process.execPath), OBSERVER) : null,
    temporary: [...new Set([env.XDG_RUNTIME_DIR || [], tmpdir(), "/tmp"].flat())],
  });
  const descriptor = inheritedSocket(env);
  if (descriptor === null && process.execve) process.execve(path, [program, ...args], env);
  startChild(path, args, program, descriptor);
}

/** The runtime's connection, if it is a socket that this process has; the observer complains of all others. */
function inheritedSocket({ NRI_PLUGIN_SOCKET: text }: PluginEnvironment): number | null {
  if (!text || !/^[0-9]{1,5}$/.test(text) || Number(text) < STANDARD) return null;
  try {
    return fstatSync(Number(text)).isSocket() ? Number(text) : null;
  } catch {
    return null; // there is no such descriptor
  }
}

function startChild(path: string, args: readonly string[], program: string, descriptor: number | null): void {
  const inherited = descriptor === null ? [] : [...Array(descriptor - STANDARD).fill("ignore"), descriptor];
  const child = spawn(path, args, { argv0: program, stdio: ["inherit", "inherit", "inherit", ...inherited] });
  if (descriptor !== null) closeSync(descriptor); // or the runtime would not see the child close it
  const forward = (signal: NodeJS.Signals) => void child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  child.on("error", (error) => {
    process.stderr.write(`cnitap: Cannot start ${OBSERVER}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    for (const one of SIGNALS) process.off(one, forward);
    if (signal === null) process.exitCode = code ?? 1;
    else process.kill(process.pid, signal);
  });
}

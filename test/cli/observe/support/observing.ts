import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { onTestFinished } from "vitest";
import { waitFor } from "../../../../scripts/containerd/wait.ts";
import { RuntimeConnection } from "../../../../scripts/nri/runtime-connection.ts";
import { FakeRuntime } from "../../../nri/support/fake-runtime.ts";
import { logrusMessages } from "../../../support/logrus-messages.ts";
import { onOwnMachine } from "../../../support/own-machine.ts";
import { OBSERVER } from "../../support/spawn.ts";

export interface ObservingOptions {
  /** Its arguments. */
  readonly args?: readonly string[];
  /** The environment, in addition to PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** A program that starts the observer in its own process. */
  readonly via?: readonly string[];
  /** Whether the program of `via` gives it a terminal: its stdout is what is shown, its stdin what is typed. */
  readonly terminal?: boolean;
  /** An executable with the plugin's name; by default cnitap-observe, which is told that it is cnitap. */
  readonly exe?: string;
  /** The user who runs it, if the tests run as root. */
  readonly uid?: number;
}

export interface ObservingEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `cnitap observe` as a process. */
export class Observing {
  readonly child: ChildProcess;
  readonly ended: Promise<ObservingEnd>;
  /** What it has written to standard error or its terminal. */
  err = "";

  constructor(child: ChildProcess) {
    this.child = child;
    for (const stream of [child.stderr, child.stdout])
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        this.err += chunk;
      });
    this.ended = new Promise((resolve, reject) => {
      child.on("error", reject).on("close", (code, signal) => resolve({ code, signal }));
    });
    onTestFinished(async () => {
      child.kill("SIGKILL");
      child.stderr?.destroy(); // it may be paused
      await this.ended;
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The messages of its complete lines, without time and level. */
  get messages(): string[] {
    return logrusMessages(this.err);
  }

  /** Waits for a line on standard error, and returns its message. */
  async said(what: string | RegExp): Promise<string> {
    const fits = (line: string) => (typeof what === "string" ? line.includes(what) : what.test(line));
    return waitFor(`${what} on standard error, but: ${this.err}`, () => this.messages.find(fits), 20_000);
  }

  /** Ends it with a signal, SIGTERM by default. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<ObservingEnd> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** The observer as `cnitap observe` starts it, in the process that this one is. */
const AS_CNITAP = ["/bin/bash", "-c", 'exec -a cnitap "$0" "$@"', OBSERVER];

/** Keeps it from asking a runtime of this machine. */
const NO_RUNTIME = { CONTAINER_RUNTIME_ENDPOINT: "/nowhere/cri.sock" };

/** Starts it on a machine where no cni-tap is installed. It is killed when the running test ends. */
export function observe({
  args = [],
  env = {},
  via = [],
  terminal = false,
  exe,
  uid,
}: ObservingOptions): Observing {
  const own = exe === undefined ? AS_CNITAP : [exe];
  const ids = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  const user = uid === undefined ? [] : ["setpriv", ...ids, "--"];
  const [command, ...rest] = onOwnMachine([...user, ...via, ...own, ...args]);
  const child = spawn(command, rest, {
    env: { PATH: process.env.PATH, ...NO_RUNTIME, ...env },
    stdio: terminal ? ["pipe", "pipe", "ignore"] : ["ignore", "ignore", "pipe"],
  });
  return new Observing(child);
}

/** Starts it with a fake runtime, and waits until it connects. */
export async function observeRuntime(
  options: ObservingOptions = {},
): Promise<{ observing: Observing; runtime: FakeRuntime; connection: RuntimeConnection }> {
  const runtime = await FakeRuntime.listen();
  const args = ["--socket", runtime.socket, ...(options.args ?? [])];
  const observing = observe({ ...options, args });
  const connection = await Promise.race([
    runtime.next(),
    observing.ended.then(({ code }) => {
      throw new Error(`The observer ended with ${code}: ${observing.err}`);
    }),
  ]);
  return { observing, runtime, connection };
}

/**
 * Starts it as a runtime does: descriptor 3 is the connection, and its environment has only NRI's variables.
 * @param via a program that starts it in its own process, by its path
 */
export function launchObserving(
  exe: string,
  { name, index }: { readonly name: string; readonly index: string },
  via: readonly string[] = [],
): { observing: Observing; connection: RuntimeConnection } {
  const [command, ...args] = onOwnMachine([...via, exe]);
  const child = spawn(command, args, {
    env: { NRI_PLUGIN_NAME: name, NRI_PLUGIN_IDX: index, NRI_PLUGIN_SOCKET: "3" },
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const socket = child.stdio[3];
  if (!(socket instanceof Socket))
    throw new Error("Cannot talk to the plugin: its descriptor 3 is not a socket");
  return { observing: new Observing(child), connection: new RuntimeConnection(socket, true) };
}

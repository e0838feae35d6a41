import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { onTestFinished } from "vitest";
import { waitFor } from "../../../../scripts/containerd/wait.ts";
import { RuntimeConnection } from "../../../../scripts/nri/runtime-connection.ts";
import { FakeRuntime } from "../../../nri/support/fake-runtime.ts";
import { onOwnMachine } from "../../../support/own-machine.ts";
import { CNITAP } from "../../support/spawn.ts";

export interface ObservingOptions {
  /** Behind `cnitap observe`, or a program of the plugin's name. */
  readonly args?: readonly string[];
  /** All of the environment but PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** A program that starts it in its own place. */
  readonly via?: readonly string[];
  /** It gets a terminal from the program of `via`, whose stdout is what is shown and whose stdin is what is typed. */
  readonly terminal?: boolean;
  /** Started by this name, as the plugin; `cnitap observe` otherwise. */
  readonly exe?: string;
  /** Root starts it as this user. */
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
  /** What it said on standard error, or on its terminal. */
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
      child.stderr?.destroy(); // a reader that was paused
      await this.ended;
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The messages of its whole lines, without time and level. */
  get messages(): string[] {
    const lines = this.err.split("\n").slice(0, -1);
    return lines.map((line) => {
      const quoted = /^time="[^"]+" level=\w+ msg=(.*)$/.exec(line)?.[1];
      if (quoted === undefined) return `not a line of logrus: ${line}`;
      return quoted.startsWith('"') ? String(JSON.parse(quoted)) : quoted;
    });
  }

  /** Waits for a line on standard error; its message. */
  async said(what: string | RegExp): Promise<string> {
    const fits = (line: string) => (typeof what === "string" ? line.includes(what) : what.test(line));
    return waitFor(`${what} on standard error, but: ${this.err}`, () => this.messages.find(fits), 20_000);
  }

  /** Ends it by a signal, SIGTERM unless told. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<ObservingEnd> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** No runtime of this machine is asked. */
const NO_RUNTIME = { CONTAINER_RUNTIME_ENDPOINT: "/nowhere/cri.sock" };

/** Starts it on a machine where no cni-tap is installed; it is gone when the running test is. */
export function observe({
  args = [],
  env = {},
  via = [],
  terminal = false,
  exe,
  uid,
}: ObservingOptions): Observing {
  const own = exe === undefined ? [CNITAP, "observe"] : [exe];
  const ids = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  const user = uid === undefined ? [] : ["setpriv", ...ids, "--"];
  const [command, ...rest] = onOwnMachine([...user, ...via, ...own, ...args]);
  const child = spawn(command, rest, {
    env: { PATH: process.env.PATH, ...NO_RUNTIME, ...env },
    stdio: terminal ? ["pipe", "pipe", "ignore"] : ["ignore", "ignore", "pipe"],
  });
  return new Observing(child);
}

/** Starts it against a fake runtime, which waits for it. */
export async function observeRuntime(
  options: ObservingOptions = {},
): Promise<{ observing: Observing; runtime: FakeRuntime; connection: RuntimeConnection }> {
  const runtime = await FakeRuntime.listen();
  const args = ["--socket", runtime.socket, ...(options.args ?? [])];
  const observing = observe({ ...options, args });
  const connection = await Promise.race([
    runtime.next(),
    observing.ended.then(({ code }) => {
      throw new Error(`Cannot observe: ended with ${code}: ${observing.err}`);
    }),
  ]);
  return { observing, runtime, connection };
}

/**
 * Starts it as a runtime does: descriptor 3 is the connection, and nothing else is in its environment.
 * @param via a program that starts it in its own place, by its path
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

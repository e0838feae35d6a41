import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import type { ContainerdNode } from "../../../scripts/containerd/node.ts";
import { waitFor } from "../../../scripts/containerd/wait.ts";
import { OBSERVER } from "../../cli/support/spawn.ts";
import { onOwnMachine } from "../../support/own-machine.ts";

export interface ObserverEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  /** From the signal to the end of the process. */
  readonly ms: number;
}

/** `cnitap observe` in a process of its own. */
export interface Observer {
  readonly pid: number;
  /** All that it has written to standard error so far. */
  said(): string;
  stop(signal?: NodeJS.Signals): Promise<ObserverEnd>;
}

/**
 * Observes a node from this machine, which has its own /tmp, until the test ends. Returns after the synchronization.
 * @param log the path of the log on the node
 * @param flags further options
 */
export async function startObserver(
  node: ContainerdNode,
  logFormat: "classic" | "json",
  log = "/tmp/cni.log",
  flags: readonly string[] = [],
): Promise<Observer> {
  const files = ["--socket", node.nriSocket, "--log-file", node.outside(log)];
  const [command, ...args] = onOwnMachine([OBSERVER, ...files, "--log-format", logFormat, ...flags]);
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (words: string) => {
    said += words;
  });
  const out = text(child.stdout);
  const ended = new Promise<Pick<ObserverEnd, "code" | "signal">>((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => resolve({ code, signal }));
  });
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    const start = performance.now();
    child.kill(signal);
    return { ...(await ended), out: await out, ms: performance.now() - start };
  };
  onTestFinished(async () => void (await stop("SIGKILL")));
  await waitFor("a synchronized observer", () => said.includes("Synchronized state with the runtime ("));
  return { pid: child.pid ?? 0, said: () => said, stop };
}

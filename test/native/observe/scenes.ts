import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import { FAULTS } from "../../../src/native/host.ts";
import { useScratch } from "../../support/scratch.ts";
import { buildRemote, RemoteHost, type RemoteOptions } from "./remote-host.ts";

export const LOG = 0;
export const ERROR = 1;
export const PEER = 1;
export const SIGNAL = 1;
export const PEER_READY = 1 << (1 + PEER);
export const WRITTEN = [1 << 3, 1 << 4] as const;

export const fault = (name: string) => FAULTS.findIndex(([code]) => code === name);

let executable: Promise<string> | undefined;

/** Another one may be given, as one that sanitizers watch. */
export function remoteExecutable(): Promise<string> {
  const given = process.env.CNITAP_OBSERVE_REMOTE;
  executable ??= given ? Promise.resolve(given) : buildRemote();
  return executable;
}

/** A host that ends with the test. */
export async function start(options: RemoteOptions = {}): Promise<RemoteHost> {
  const remote = await RemoteHost.start(await remoteExecutable(), options);
  onTestFinished(async () => {
    remote.child.kill("SIGKILL");
    await remote.ended;
  });
  return remote;
}

/** Where lines go; the lock is the log's own. */
export function useTarget() {
  const scratch = useScratch();
  return { logFile: scratch.logFile, lockFile: scratch.lockFile, lockTimeoutMs: 5000, logMaxBytes: 0 };
}

/** Hands lines over and waits for what becomes of them. */
export async function write(remote: RemoteHost, writer: number, target: unknown, lines: readonly string[]) {
  expect(await remote.call("write", writer, target, lines)).toBe(0);
  expect(await remote.call("wait", 60_000, 0)).toBe(WRITTEN[writer]);
  return remote.call("written", writer);
}

/** A server that gives its connections one by one. */
export async function useServer() {
  const path = useScratch().path("server");
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(path);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const connect = async (remote: RemoteHost): Promise<Socket> => {
    const connection = once(server, "connection");
    expect(await remote.call("connect", PEER, path)).toBe(0);
    const [socket] = (await connection) as [Socket];
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  return { path, connect };
}

export function childrenOf(pid: number | undefined): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

export function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return ""; // gone in between
  }
}

/** The process of a writer, which takes its name a little after its start. */
export async function writerOf(remote: RemoteHost, name: string): Promise<number> {
  let pid: number | undefined;
  await until(() => {
    pid = childrenOf(remote.child.pid).find((child) => nameOf(child) === name);
    return pid !== undefined;
  });
  return pid ?? 0;
}

export const openIn = (pid: number | undefined) => readdirSync(`/proc/${pid}/fd`);

export function anonymousKb(pid: number | undefined): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(2);
}

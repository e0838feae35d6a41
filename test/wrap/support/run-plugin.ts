import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runtimePath } from "./programs.ts";

/** One start of a plugin by the program `runtime`, whose source tells the options. */
export interface PluginCall {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  readonly options?: RuntimeOptions;
  /** A command that runs the whole call, for example in a namespace; the call is appended to it. */
  readonly inside?: readonly string[];
  /** Where the program `runtime` is to be found there. */
  readonly runtime?: string;
}

export type RuntimeOptions = Readonly<Record<string, string | number | readonly string[]>>;

/** What the caller of a plugin sees of it. */
export interface PluginRun {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exit: number | null;
  readonly signal: number | null;
  /** The names of processes that it left behind. */
  readonly left: readonly string[];
  readonly pid: number;
  readonly ms: number;
  /** When stdout and stderr ended. */
  readonly outMs: number;
  readonly errMs: number;
}

interface Told {
  readonly exit: number | null;
  readonly signal: number | null;
  readonly left: readonly string[];
  readonly pid: number;
  readonly ms: number;
  readonly outMs: number;
  readonly errMs: number;
  readonly late: boolean;
}

export async function runPlugin(call: PluginCall): Promise<PluginRun> {
  const words = Object.entries(call.options ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => `${name}=${one}`),
  );
  const [command = "", ...args] = [
    ...(call.inside ?? []),
    call.runtime ?? runtimePath,
    ...words,
    call.program,
  ];
  const feed = openFeed(call.stdin ?? "");
  const child = spawn(command, args, { env: call.env, stdio: [feed, "pipe", "pipe", "pipe"] });
  closeSync(feed);
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => resolve());
  });
  const [stdout, stderr, record] = [1, 2, 3].map((fd) => collect(child.stdio[fd]));
  await ended;
  const [out, err, text] = [stdout, stderr, record].map((chunks) => Buffer.concat(chunks ?? []));
  if (!text?.length) throw new Error(`Cannot run ${call.program}: ${err}`);
  const { late, ...told } = JSON.parse(text.toString()) as Told;
  if (late)
    throw new Error(`Cannot run ${call.program}: it did not end in time. stderr: ${err?.subarray(0, 200)}`);
  return { ...told, stdout: out ?? Buffer.alloc(0), stderr: err ?? Buffer.alloc(0) };
}

/** A descriptor from which the runtime reads what it is to write to the plugin. */
function openFeed(stdin: string | Uint8Array): number {
  const path = join(tmpdir(), `feed-${randomUUID()}`);
  writeFileSync(path, stdin);
  const fd = openSync(path, "r");
  rmSync(path);
  return fd;
}

function collect(stream: unknown): Buffer[] {
  const chunks: Buffer[] = [];
  if (stream instanceof Object && "on" in stream && typeof stream.on === "function")
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return chunks;
}

/** What must be the same of two plugins, in a form that a failed test can show. */
export function answerOf({ stdout, stderr, exit, signal, left }: PluginRun) {
  return { stdout: shown(stdout), stderr: shown(stderr), exit, signal, left };
}

const SHOWN_BYTES = 10_000;

function shown(bytes: Buffer): string {
  if (bytes.length <= SHOWN_BYTES) return bytes.toString("latin1");
  const hash = createHash("sha256").update(bytes).digest("hex");
  return `${bytes.subarray(0, 100).toString("latin1")}… ${bytes.length} bytes with SHA-256 ${hash}`;
}

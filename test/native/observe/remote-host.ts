import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildTap, type TapBuild } from "../../../scripts/build/tap.ts";
import { ROOT } from "../../../scripts/cache-dir.ts";

export const REMOTE_ENTRY = join(ROOT, "test/native/observe/remote.ts");

/** Builds the executable whose host a test can call. Returns its path. */
export async function buildRemote(name = "remote", more: Partial<TapBuild> = {}): Promise<string> {
  const out = join(ROOT, "build", "observe", name);
  await buildTap({ program: "observe", entry: REMOTE_ENTRY, out, name: "cnitap-observe", ...more });
  return out;
}

/** How a process has ended. */
export interface RemoteEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** How to start one. */
export interface RemoteOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** What the executable is started by, as a tracer. */
  readonly via?: readonly string[];
  /** A descriptor for standard error, whose text is not collected then. */
  readonly stderr?: number;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The host of native/observe in a process of its own. */
export class RemoteHost {
  readonly child: ChildProcess;
  readonly ended: Promise<RemoteEnd>;
  readonly #server: Server;
  readonly #folder: string;
  readonly #waiting: Waiting[] = [];
  #socket: Socket | undefined;

  private constructor(executable: string, folder: string, server: Server, options: RemoteOptions) {
    this.#server = server;
    this.#folder = folder;
    const [command = executable, ...args] = [...(options.via ?? []), executable, join(folder, "socket")];
    this.child = spawn(command, args, {
      stdio: ["ignore", "ignore", options.stderr ?? "pipe"],
      env: { ...process.env, ...options.env },
    });
    const stderr: Buffer[] = [];
    this.child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
    // Not "close": a writer may hold standard error for longer.
    this.ended = once(this.child, "exit").then(async ([code, signal]) => {
      if (this.child.stderr && !this.child.stderr.readableEnded) await once(this.child.stderr, "end");
      for (const { reject } of this.#waiting.splice(0)) reject(new Error("the process has ended"));
      this.#server.close();
      this.#socket?.destroy();
      rmSync(this.#folder, { recursive: true, force: true });
      return { code, signal, stderr: Buffer.concat(stderr).toString() };
    });
  }

  static async start(executable: string, options: RemoteOptions = {}): Promise<RemoteHost> {
    const folder = mkdtempSync(join(tmpdir(), "cni-tap-remote-"));
    const server = createServer().listen(join(folder, "socket"));
    await once(server, "listening");
    const remote = new RemoteHost(executable, folder, server, options);
    const [socket] = (await Promise.race([once(server, "connection"), remote.ended.then(() => [])])) as [
      Socket?,
    ];
    if (socket) remote.#take(socket);
    return remote;
  }

  /** Whether it came as far as its first connection. */
  get started(): boolean {
    return this.#socket !== undefined;
  }

  #take(socket: Socket): void {
    this.#socket = socket;
    socket.on("error", () => {});
    createInterface({ input: socket }).on("line", (line) => {
      const waiting = this.#waiting.shift();
      const answer: { value?: unknown; thrown?: string } = JSON.parse(line);
      if (answer.thrown === undefined) waiting?.resolve(answer.value);
      else waiting?.reject(new Error(answer.thrown));
    });
  }

  /** Calls a function so often; what the last call returns. @throws what it threw */
  repeat(times: number, name: string, ...args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket?.write(`${JSON.stringify([name, args, times]).replace(/[^ -~]/g, escaped)}\n`);
    });
  }

  call(name: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.repeat(1, name, ...args);
  }

  async exit(code = 0): Promise<RemoteEnd> {
    void this.call("exit", code).catch(() => {});
    return this.ended;
  }
}

/** Bytes, as an argument. */
export function bytes(content: Uint8Array): { bytes: string } {
  return { bytes: Buffer.from(content).toString("latin1") };
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

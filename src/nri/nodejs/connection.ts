import { statSync } from "node:fs";
import { createConnection, Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { Driver, type DriverOptions } from "../driver.ts";
import type { Target } from "../identity.ts";
import { NriError, type NriErrorReason, reasonOf } from "../nri-error.ts";
import type { Identity } from "../session.ts";

/** Maximum delay of Node's timers. With a longer one they fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** struct sockaddr_un has 108 bytes, one of them for the NUL (unix(7)). */
const longestSocketPath = 107;

/** The delay for setTimeout: whole milliseconds, at least 1. */
export function timerDelayMs(atMs: number, nowMs: number): number {
  return Math.min(Math.max(1, Math.ceil(atMs - nowMs)), longestTimerMs);
}

/** Connects to a runtime. @throws NriError "connect" */
export async function connect(target: Target, signal?: AbortSignal): Promise<Socket> {
  const name = "path" in target ? target.path : `descriptor ${target.descriptor}`;
  try {
    if ("descriptor" in target) return new Socket({ fd: target.descriptor, readable: true, writable: true });
    if (Buffer.byteLength(target.path) > longestSocketPath)
      throw new Error(`a socket's path has at most ${longestSocketPath} bytes`); // libuv would truncate it
    const socket = createConnection({ path: target.path });
    const abort = () => socket.destroy(new Error("it was aborted"));
    signal?.addEventListener("abort", abort);
    return await new Promise<Socket>((resolve, reject) => {
      socket.once("connect", () => resolve(socket)).once("error", reject);
    }).finally(() => signal?.removeEventListener("abort", abort));
  } catch (error) {
    const [reason, seen] = causeOf(target, error);
    throw new NriError("connect", `Cannot connect to the runtime at ${name}: ${seen}`, { reason });
  }
}

/** The cause of a failed connect, and its message. */
function causeOf(target: Target, error: unknown): readonly [NriErrorReason | undefined, string] {
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (!("path" in target)) return [undefined, reasonOf(error)];
  switch (code) {
    case "ENOENT":
      return ["absent", "it is not there"];
    case "EACCES":
      return ["denied", "permission denied"];
    case "ECONNREFUSED": {
      const found = statSync(target.path, { throwIfNoEntry: false });
      if (found?.isDirectory()) return ["not-a-socket", "it is a directory"];
      if (found?.isSocket() === false) return ["not-a-socket", "it is not a socket"];
      return ["refused", "nobody listens there"];
    }
    default:
      return [undefined, reasonOf(error)];
  }
}

/** Connects a driver to a socket and a timer. */
export class SocketSession {
  readonly driver: Driver;
  /** Resolves when the session has ended, with the reason. */
  readonly ended: Promise<NriError>;
  readonly #socket: Socket;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(socket: Socket, options: DriverOptions) {
    this.#socket = socket;
    let end: (error: NriError) => void = () => {};
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    this.driver = new Driver(options, {
      write: (bytes) => this.#write(bytes),
      close: (error) => {
        clearTimeout(this.#timer);
        socket.destroy();
        end(error);
      },
      now: () => performance.now(),
    });
    const lost = (why: string) => () => {
      const reason = this.driver.silence;
      this.driver.close(new NriError("disconnected", `Connection to the runtime lost: ${why}`, { reason }));
    };
    socket
      .on("data", (chunk: Buffer) => {
        this.driver.receive(chunk);
        this.#arm();
      })
      .on("drain", () => socket.resume())
      .on("error", (error) => lost(error.message)())
      .on("end", lost("the runtime closed it"))
      .on("close", lost("closed"));
  }

  open(identity: Identity): void {
    this.driver.open(identity);
    this.#arm();
  }

  /** The writes of one turn of the loop go out together. While the runtime does not read, reading stops. */
  #write(bytes: Uint8Array): void {
    const socket = this.#socket;
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    if (!socket.write(bytes)) socket.pause();
    this.#arm();
  }

  #arm(): void {
    const atMs = this.driver.wakeAtMs;
    if (atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    const delayMs = timerDelayMs(atMs, performance.now());
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.driver.tick();
      this.#arm();
    }, delayMs);
  }
}

import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { handledEvents } from "../driver.ts";
import type { ContainerUpdate } from "../gen/api_pb.js";
import type { Handlers, UpdateInit } from "../handlers.ts";
import { resolveIdentity, resolveTarget, type Target } from "../identity.ts";
import { NriError } from "../nri-error.ts";
import { type LogLevel, runSessions, type SessionEnd } from "../run-sessions.ts";
import type { Identity } from "../session.ts";
import { createdText } from "../wording.ts";
import { connect, SocketSession } from "./connection.ts";

export interface PluginOptions {
  /** Letters, digits and `_.+-`. Default: NRI_PLUGIN_NAME, else the name of the program without its index. */
  readonly name?: string | undefined;
  /** Two digits, the order of calls. Default: NRI_PLUGIN_IDX, else from the program's name (`10-name`). */
  readonly index?: string | undefined;
  readonly handlers: Handlers;
  /** Path of the runtime's socket. Default: descriptor NRI_PLUGIN_SOCKET, else /var/run/nri/nri.sock. */
  readonly socket?: string | undefined;
  /** Reconnect after a lost or failed connection. Default true; not possible with a descriptor. */
  readonly reconnect?: boolean | undefined;
  /** Aborting it closes the connection and ends the run without an error. */
  readonly signal?: AbortSignal | undefined;
  /**
   * True, or the names of handlers: an error of such a handler fails the pod or container. Default false: errors
   * are only logged.
   */
  readonly failRequests?: boolean | readonly (keyof Handlers)[] | undefined;
  /** Gets each message, and the error that caused it, if any. Default: all but debug go to stderr. */
  readonly log?: (level: LogLevel, message: string, error?: NriError) => void;
}

/** A plugin, from `createPlugin`. */
export interface NriPlugin {
  /**
   * Connects and serves the runtime until the signal is aborted. Call it only once.
   * @throws NriError the reason of the end, if it does not reconnect
   */
  run(): Promise<void>;
  /**
   * Changes containers. Returns those that the runtime could not change.
   * @throws NriError "disconnected", "timeout", "status"
   */
  updateContainers(updates: readonly UpdateInit[]): Promise<ContainerUpdate[]>;
}

/** Runs a plugin until its signal is aborted; see `NriPlugin.run`. */
export async function runPlugin(options: PluginOptions): Promise<void> {
  await createPlugin(options).run();
}

/**
 * Creates a plugin that can also change containers outside of handlers. Run it with `run`.
 * @throws NriError "configuration"
 */
export function createPlugin(options: PluginOptions): NriPlugin {
  const identity = resolveIdentity(options, process.env, programPath());
  const target = resolveTarget(options.socket, process.env);
  const runner = new Runner(options, identity, target);
  return {
    run: () => runner.run(),
    updateContainers: (updates) => runner.updateContainers(updates),
  };
}

/** The path of the started program, as given to Node. */
function programPath(): string {
  return process.argv[1] ?? process.execPath;
}

function logToStderr(level: LogLevel, message: string): void {
  if (level !== "debug") process.stderr.write(`${level}: ${message}\n`);
}

class Runner {
  readonly #options: PluginOptions;
  readonly #identity: Identity;
  readonly #target: Target;
  readonly #log: NonNullable<PluginOptions["log"]>;
  #session: SocketSession | undefined;

  constructor(options: PluginOptions, identity: Identity, target: Target) {
    this.#options = options;
    this.#identity = identity;
    this.#target = target;
    this.#log = options.log ?? logToStderr;
  }

  async run(): Promise<void> {
    const { signal, reconnect = true, handlers } = this.#options;
    this.#log("info", createdText(this.#identity, basename(programPath()), handledEvents(handlers)));
    await runSessions({
      serve: () => this.#serve(),
      pause: (ms) => delay(ms, undefined, signal && { signal }).catch(() => {}), // aborted
      stopped: () => signal?.aborted === true,
      reconnect: reconnect && "path" in this.#target,
      log: this.#log,
    });
  }

  updateContainers(updates: readonly UpdateInit[]): Promise<ContainerUpdate[]> {
    if (this.#session) return this.#session.driver.updateContainers(updates);
    return Promise.reject(
      new NriError("disconnected", "Cannot update containers: not connected to a runtime"),
    );
  }

  /** Runs one session. Returns why it ended. */
  async #serve(): Promise<SessionEnd> {
    const { signal, handlers, failRequests = false } = this.#options;
    try {
      const socket = await connect(this.#target, signal);
      const session = new SocketSession(socket, { handlers, failRequests, log: this.#log });
      const abort = () => session.driver.close(new NriError("disconnected", "Connection closed: aborted"));
      signal?.addEventListener("abort", abort);
      this.#session = session;
      session.open(this.#identity);
      if (signal?.aborted) abort(); // aborted during the connect
      const error = await session.ended;
      signal?.removeEventListener("abort", abort);
      return { error, synchronized: session.driver.synchronized };
    } catch (error) {
      if (error instanceof NriError) return { error, synchronized: false };
      throw error;
    } finally {
      this.#session = undefined;
    }
  }
}

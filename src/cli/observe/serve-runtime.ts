import { setImmediate as turn } from "node:timers/promises";
import type { IdentityOptions } from "../../nri/identity.ts";
import type { Fields, Level } from "../../nri/logrus.ts";
import { createPlugin, type PluginOptions } from "../../nri/nodejs/run-plugin.ts";
import { NriError } from "../../nri/nri-error.ts";
import type { LogLevel } from "../../nri/run-sessions.ts";
import { UsageError } from "../cli-error.ts";
import { EXIT } from "../io.ts";
import { adviceFor, hintFor } from "./advice.ts";

export interface ServeOptions extends Pick<PluginOptions, "handlers" | "failRequests" | "socket"> {
  readonly identity: IdentityOptions;
  /** Exit when the runtime cannot be reached or goes away. */
  readonly once: boolean;
  say(level: Level, message: string, fields?: Fields): void;
}

const LEVELS: Readonly<Record<Exclude<LogLevel, "debug">, Level>> = {
  info: "info",
  warn: "warning",
  error: "error",
};

/**
 * Serves a runtime until a signal, or with `once` until the connection ends. Says what happens, with advice.
 * Returns the exit code, after the reports of the last events were made.
 * @throws {UsageError} if name, index or socket are invalid
 */
export async function serveRuntime(options: ServeOptions): Promise<number> {
  const { identity, once, say, handlers, socket, failRequests } = options;
  const stop = new AbortController();
  const plugin = makePlugin({
    ...identity,
    ...{ socket, handlers, failRequests },
    reconnect: !once,
    signal: stop.signal,
    log: (level, message, error) => {
      if (level !== "debug") void sayWithAdvice(say, LEVELS[level], message, error, stop.signal);
    },
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  process.on("SIGXFSZ", () => {}); // RLIMIT_FSIZE: let the write fail instead of the process

  let code: number = EXIT.fine;
  try {
    await plugin.run();
  } catch (error) {
    if (!(error instanceof NriError)) throw error;
    code = EXIT.failed;
    const lost = error.code === "disconnected";
    if (!lost || error.reason === "no-nri")
      await sayWithAdvice(say, "error", error.message, error, stop.signal);
    if (lost) say("info", "Connection to the runtime lost, exiting...");
  }
  await turn();
  return code;
}

function makePlugin(options: PluginOptions): ReturnType<typeof createPlugin> {
  try {
    return createPlugin(options);
  } catch (error) {
    if (!(error instanceof NriError)) throw error;
    throw new UsageError(`${error.message}${hintFor(error)}`);
  }
}

async function sayWithAdvice(
  say: ServeOptions["say"],
  level: Level,
  message: string,
  error: NriError | undefined,
  signal: AbortSignal,
): Promise<void> {
  const advice = error ? await adviceFor(error, signal) : "";
  say(level, advice ? `${message}. ${advice}` : message);
}

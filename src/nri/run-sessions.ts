import { printable } from "../log/printable.ts";
import { Backoff } from "./backoff.ts";
import type { NriError } from "./nri-error.ts";

/** "debug" is for a failure that was already reported and continues. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Gets each message, and the error that caused it, if any. */
export type Log = (level: LogLevel, message: string, error?: NriError) => void;

/** Why a session ended, and whether the runtime had accepted the plugin. */
export interface SessionEnd {
  readonly error: NriError;
  readonly synchronized: boolean;
}

export interface Sessions {
  /** Runs one session to its end. */
  serve(): Promise<SessionEnd>;
  /** Waits, until it is stopped. */
  pause(ms: number): Promise<void>;
  stopped(): boolean;
  /** Connect again after the end of a session. */
  readonly reconnect: boolean;
  readonly log: Log;
}

/**
 * Runs sessions until they are stopped.
 * @throws NriError the reason of the end, if it does not reconnect
 */
export async function runSessions({ serve, pause, stopped, reconnect, log }: Sessions): Promise<void> {
  const backoff = new Backoff();
  let last = "";
  while (!stopped()) {
    const { error, synchronized } = await serve();
    if (stopped()) return;
    if (!reconnect) throw error;
    if (synchronized) backoff.reset();
    const delayMs = backoff.next();
    const level = error.message === last && !synchronized ? "debug" : "warn";
    last = error.message;
    log(level, `${printable(error.message)}; trying again in ${delayMs} ms`, error);
    await pause(delayMs);
  }
}

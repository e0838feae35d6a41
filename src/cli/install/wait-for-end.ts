import { setTimeout as delay } from "node:timers/promises";
import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Maximum delay of a timer. */
const MAX_MS = 2 ** 31 - 1;

/** Parses a duration such as "30m" and returns milliseconds. */
export function parseDuration(text: string): number {
  const [, digits = "", unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const ms = Number(digits) * (UNITS[unit] ?? Number.NaN);
  if (!(ms > 0 && ms <= MAX_MS))
    throw new InvalidArgumentError("Expected a duration such as 30s, 30m or 2h, at most 24 days.");
  return ms;
}

/**
 * From now on SIGINT, SIGTERM and SIGHUP do not end the process, but the call of `wait`. So a signal during
 * the installation leads to an uninstallation after it, and a second one does not interrupt that.
 */
export function catchSignals(): { wait(ms: number): Promise<void> } {
  const asked = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => asked.abort());
  return {
    wait: (ms) => delay(ms, undefined, { signal: asked.signal }).catch(() => {}), // aborted by a signal
  };
}

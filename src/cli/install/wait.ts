import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** What setTimeout can wait for. */
const MAX_MS = 2 ** 31 - 1;

/** "30m" in milliseconds. */
export function parseDuration(text: string): number {
  const [, digits = "", unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const ms = Number(digits) * (UNITS[unit] ?? Number.NaN);
  if (!(ms > 0 && ms <= MAX_MS))
    throw new InvalidArgumentError("It is 30s, 30m, 2h or the like, 24 days at most.");
  return ms;
}

/** Waits for the time to pass, or for a signal that asks to end. */
export function waitForEnd(ms: number): Promise<void> {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, ms);
    // They stay: a second Ctrl-C must not stop the clean-up half way.
    for (const signal of signals) process.on(signal, end);
  });
}

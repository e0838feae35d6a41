import { setTimeout as delay } from "node:timers/promises";
import { ContainerdError } from "./error.ts";

/**
 * Polls until `ask` returns a value, every 10 ms and then less often.
 * @param what completes the message "Cannot see …" of the timeout error
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 10_000,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 100)) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new ContainerdError(`Cannot see ${what}: not within ${timeoutMs} ms`);
    await delay(pause);
  }
}

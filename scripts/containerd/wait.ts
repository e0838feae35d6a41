import { setTimeout as delay } from "node:timers/promises";
import { ContainerdError } from "./error.ts";

/**
 * Asks until the answer is there, every 10 ms and then less often.
 * @param what completes the sentence "Cannot see …" when `timeoutMs` is over
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

import { Root } from "../../machine/root.ts";
import { findRuntime } from "../../machine/runtime.ts";
import type { NriError } from "../../nri/nri-error.ts";
import { adviceFor as adviceAsking, type RunningRuntime } from "../../observe/advice.ts";

export { enableAdvice, hintFor } from "../../observe/advice.ts";

/** How long to wait for a runtime, which normally answers at once. */
const ASK_MS = 1000;

/**
 * What to do if the runtime cannot be reached or does not speak NRI; "" if there is no advice.
 * @param signal cancels the query of the runtime
 */
export function adviceFor(error: NriError, signal: AbortSignal): Promise<string> {
  return adviceAsking(error, () => askForRuntime(AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)])));
}

async function askForRuntime(signal: AbortSignal): Promise<RunningRuntime | null> {
  try {
    return await findRuntime(new Root(), process.env.CONTAINER_RUNTIME_ENDPOINT || undefined, signal);
  } catch {
    return null; // no answer, or an invalid one
  }
}

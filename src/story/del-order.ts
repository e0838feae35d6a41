import type { Request } from "./request.ts";
import type { Run } from "./runs.ts";

/**
 * Whether a DEL came before any DEL had gone through. libcni keeps an ADD's result until then and gives it to each DEL (SPEC,
 * section 4; from 0.4.0 on), and runtimes forget the namespace. `unknown`: the log does not tell.
 */
export type DelOrder = "first" | "second" | "unknown";

/** @param added whether the ADD is known to have ended well: after a failed one, no DEL has a result */
export function orderOf(del: Run, added: boolean): DelOrder {
  const request = requestOf(del);
  if (request?.prevResult || del.netns) return "first";
  if (request === null || !hasResults(del)) return "unknown";
  return del.netns === "" || added ? "second" : "unknown";
}

/** The first request of a run that the log has. */
export function requestOf({ calls }: Pick<Run, "calls">): Request | null {
  return calls.find(({ request }) => request !== null)?.request ?? null;
}

/** Whether the list's version is one whose DELs have the ADD's result. */
export function hasResults(run: Pick<Run, "calls">): boolean {
  const version = run.calls[0]?.cniVersion ?? requestOf(run)?.cniVersion ?? "0.1.0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 0 || minor >= 4;
}

/**
 * What the run after one whose end the log does not have says of it: that it failed (`true`), that it went through and its end
 * was lost (`false`), or nothing (null).
 */
export function failedBefore(run: Pick<Run, "command" | "calls">, next: Run | undefined): boolean | null {
  if (next?.command !== "DEL") return null;
  const before = requestOf(run);
  const after = next.calls[0]?.request ?? null; // of a run whose beginning was lost, later lines may be another's
  const order = orderOf(next, run.command === "DEL" && before?.prevResult !== null && before !== null);
  if (order === "second") return false;
  if (run.command === "DEL") return after?.prevResult ? true : null;
  if (after?.prevResult) return false;
  return order === "first" && after !== null && hasResults(next) ? true : null;
}

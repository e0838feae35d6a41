import { causeOfCode } from "../log/causes.ts";

/** A fault of the node's files, locks or runtime. The second line of the message, if any, is a hint. */
export class MachineError extends Error {
  override name = "MachineError";
}

/** The system error code, such as "ENOENT"; "" if there is none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** The reason of a failed system call, as a clause. */
export function causeOf(error: unknown): string {
  const code = codeOf(error);
  return causeOfCode(code) || String(error);
}

/** Turns a failed system call into a MachineError, "Cannot <doing>: <reason>". Returns others unchanged. */
export function cannot(doing: string, error: unknown): unknown {
  const code = codeOf(error);
  if (!(error instanceof Error) || !("syscall" in error)) return error;
  const hint = code === "EACCES" || code === "EPERM" ? "\nRun it as root." : "";
  return new MachineError(`Cannot ${doing}: ${causeOf(error)}${hint}`, { cause: error });
}

/** A fault of the node's files, locks or runtime. The second line of the message, if any, is a hint. */
export class MachineError extends Error {
  override name = "MachineError";
}

/** The system error code, such as "ENOENT"; "" if there is none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: "it is not there",
  EEXIST: "something else is there",
  EACCES: "permission denied",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the quota is used up",
  ENOTDIR: "a part of its path is not a directory",
  EISDIR: "it is a directory",
  ELOOP: "too many symbolic links",
  EFBIG: "it may not grow any more",
  EBUSY: "it is a mount of its own, or in use",
};

/** The reason of a failed system call, as a clause. */
export function causeOf(error: unknown): string {
  const code = codeOf(error);
  return CAUSES[code] ?? (code || String(error));
}

/** Turns a failed system call into a MachineError, "Cannot <doing>: <reason>". Returns others unchanged. */
export function cannot(doing: string, error: unknown): unknown {
  const code = codeOf(error);
  if (!(error instanceof Error) || !("syscall" in error)) return error;
  const hint = code === "EACCES" || code === "EPERM" ? "\nRun it as root." : "";
  return new MachineError(`Cannot ${doing}: ${causeOf(error)}${hint}`, { cause: error });
}

/** What of the node's files, locks or runtime stood in the way. A hint is the message's second line. */
export class MachineError extends Error {
  override name = "MachineError";
}

/** The system's code of an error, "ENOENT". */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: "it is not there",
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

/** What was seen of a failed system call. */
export function wordsOf(error: unknown): string {
  const code = codeOf(error);
  return WORDS[code] ?? (code || String(error));
}

/** "Cannot <doing>: <what was seen>" of a failed system call; other errors as they are. */
export function cannot(doing: string, error: unknown): unknown {
  const code = codeOf(error);
  if (!(error instanceof Error) || !("syscall" in error)) return error;
  const hint = code === "EACCES" || code === "EPERM" ? "\nRun it as root." : "";
  return new MachineError(`Cannot ${doing}: ${wordsOf(error)}${hint}`, { cause: error });
}

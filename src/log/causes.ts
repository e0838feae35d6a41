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

/** What a failed system call means, as a clause. `code`: "ENOENT". */
export function causeOfCode(code: string): string {
  return CAUSES[code] ?? code;
}

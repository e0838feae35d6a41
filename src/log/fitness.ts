/**
 * Why a file cannot be used as log or lock: the name in the C code, and the message. Another user could have
 * planted it, could read or change it, or could hold its lock for ever.
 */
export const UNFIT = [
  ["FIT", ""],
  ["UNFIT_TYPE", "not a regular file"],
  ["UNFIT_OWNER", "another user's file"],
  ["UNFIT_LINKS", "it has other links"],
  ["UNFIT_MODE", "others may write it"],
  ["UNFIT_CONTENT", "not empty"],
  ["UNFIT_MOUNT", "a file system is mounted there"],
] as const;

export type Fitness = (typeof UNFIT)[number][0];

/** Mode bits: writable by group or others. */
const WRITABLE_BY_OTHERS = 0o022;

/** Read permission for group or others: of no harm to the log, but a reader can hold its lock. */
export const READABLE_BY_OTHERS = 0o044;

/** The fields of stat(2) that the checks need. */
export interface FileState {
  readonly uid: number;
  readonly nlink: number;
  readonly mode: number;
  isFile(): boolean;
}

/** Whether this user can use the file as log: the same checks as the taps' (log.c). */
export function judgeLog(file: FileState, uid: number | undefined): Fitness {
  if (!file.isFile()) return "UNFIT_TYPE";
  if (file.uid !== uid) return "UNFIT_OWNER";
  if (file.nlink !== 1) return "UNFIT_LINKS";
  return (file.mode & WRITABLE_BY_OTHERS) !== 0 ? "UNFIT_MODE" : "FIT";
}

/** The message for a fitness; "" for FIT. */
export function fitnessText(fitness: Fitness): string {
  return UNFIT.find(([name]) => name === fitness)?.[1] ?? "";
}

/**
 * Why a file is no log, or no lock, of ours: the name in the C code, and what people are told. Anybody could have
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

/** Write permission of a group or of others. */
const WRITABLE_BY_OTHERS = 0o022;

/** What stat(2) says of a file. */
export interface FileState {
  readonly uid: number;
  readonly nlink: number;
  readonly mode: number;
  isFile(): boolean;
}

/** Whether a file is a log of a user's, as the taps judge it (log.c). */
export function judgeLog(file: FileState, uid: number | undefined): Fitness {
  if (!file.isFile()) return "UNFIT_TYPE";
  if (file.uid !== uid) return "UNFIT_OWNER";
  if (file.nlink !== 1) return "UNFIT_LINKS";
  return (file.mode & WRITABLE_BY_OTHERS) !== 0 ? "UNFIT_MODE" : "FIT";
}

/** A fitness in words; "" for a file that is fit. */
export function fitnessText(fitness: Fitness): string {
  return UNFIT.find(([name]) => name === fitness)?.[1] ?? "";
}

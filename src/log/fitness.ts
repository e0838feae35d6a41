/**
 * Why a file is no log, or no lock, of ours: the name in the C code, and what people are told. Anybody could have
 * planted it, could read or change it, or could hold its lock for ever.
 */
export const UNFIT: readonly (readonly [name: string, seen: string])[] = [
  ["FIT", ""],
  ["UNFIT_TYPE", "not a regular file"],
  ["UNFIT_OWNER", "another user's file"],
  ["UNFIT_LINKS", "it has other links"],
  ["UNFIT_MODE", "others may write it"],
  ["UNFIT_CONTENT", "not empty"],
];

/** Write permission of a group or of others. */
export const WRITABLE_BY_OTHERS = 0o022;

/** What stat(2) says of a file. */
export interface FileState {
  readonly uid: number;
  readonly nlink: number;
  readonly mode: number;
  isFile(): boolean;
}

/** Why a file is no log of the user's, as the taps judge it (log.c); "" where it is one. */
export function logUnfitness(file: FileState, uid: number | undefined): string {
  const [, type, owner, links, mode] = UNFIT.map(([, seen]) => seen);
  if (!file.isFile()) return type ?? "";
  if (file.uid !== uid) return owner ?? "";
  if (file.nlink !== 1) return links ?? "";
  return (file.mode & WRITABLE_BY_OTHERS) !== 0 ? (mode ?? "") : "";
}

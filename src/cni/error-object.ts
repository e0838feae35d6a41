/** Well-known error codes (SPEC 1.1.0, section 5, "Error"), those a tap has a use for. */
export const ErrorCode = {
  /** A necessary environment variable is missing or empty. */
  invalidEnvironment: 4,
  /** The content of stdin cannot be decoded. */
  cannotDecode: 6,
} as const;

export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** What is wrong where a variable is missing or empty, in the words of the CNI project's skel package. */
export const NO_COMMAND = "env CNI_COMMAND not found";
export const NO_CONTAINER_ID = "env CNI_CONTAINERID not found";

/** An error object behind its `cniVersion` member, which may be a slice of stdin: `,"code":…}`. */
export function errorObjectTail(code: ErrorCode, msg: string): string {
  return `,"code":${code},"msg":${JSON.stringify(msg)},"details":""}`;
}

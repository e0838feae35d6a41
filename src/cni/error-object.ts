/** The error codes that the taps use; those below 100 are well-known (SPEC 1.1.0, section 5, "Error"). */
export const ErrorCode = {
  /** A required environment variable is missing or empty. */
  invalidEnvironment: 4,
  /** The content of stdin cannot be decoded. */
  cannotDecode: 6,
  /** The network configuration is invalid. */
  invalidConfiguration: 7,
  /** No plugin's own: it could not be started. */
  notStarted: 999,
} as const;

export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** Messages for a missing or empty variable, worded as in the CNI project's skel package. */
export const NO_COMMAND = "env CNI_COMMAND not found";
export const NO_CONTAINER_ID = "env CNI_CONTAINERID not found";

export const NO_TYPE = "cni_wrap: cniTap.type names no plugin";

/** The rest of an error object after its `cniVersion` member, which may be a slice of stdin: `,"code":…}`. */
export function errorObjectTail(code: ErrorCode, msg: string): string {
  return `,"code":${code},"msg":${JSON.stringify(msg)},"details":""}`;
}

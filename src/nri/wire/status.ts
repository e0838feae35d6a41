/** The gRPC status codes used here. */
export const StatusCode = {
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
} as const;

/** An error in a response (google.rpc.Status). */
export interface Status {
  readonly code: number;
  readonly message: string;
}

/** The error for a message over 4 MiB, in both directions. */
export function tooLong(length: number, max: number): Status {
  return {
    code: StatusCode.resourceExhausted,
    message: `message length ${length} exceed maximum message size of ${max}`,
  };
}

/** What went wrong between a plugin and its runtime. */
export type NriErrorCode =
  /** An option or environment variable that cannot be used. */
  | "configuration"
  /** No socket, or nobody behind it. */
  | "connect"
  /** The runtime closed the connection, or it broke. */
  | "disconnected"
  /** The runtime refused the plugin, or did not answer to its registration. */
  | "registration"
  /** Bytes that are no frame, message or call. */
  | "protocol"
  /** The runtime answered a call of the plugin with an error; its `status` has the number. */
  | "status"
  /** A call of the plugin had no answer in time. */
  | "timeout";

export class NriError extends Error {
  override name = "NriError";
  readonly code: NriErrorCode;
  /** gRPC's number for the error that the runtime answered with. */
  readonly status: number | undefined;

  constructor(code: NriErrorCode, message: string, status?: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** The text of whatever was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

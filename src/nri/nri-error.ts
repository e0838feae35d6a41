/** The kind of failure between a plugin and its runtime. */
export type NriErrorCode =
  /** An invalid option or environment variable. */
  | "configuration"
  /** The socket cannot be connected. */
  | "connect"
  /** The runtime closed the connection, or it broke. */
  | "disconnected"
  /** The runtime refused the plugin, or did not answer its registration. */
  | "registration"
  /** The runtime sent an invalid frame, message or call. */
  | "protocol"
  /** The runtime answered a call of the plugin with an error; see `status`. */
  | "status"
  /** The runtime did not answer a call of the plugin in time. */
  | "timeout";

/** The cause, if known and useful for a remedy. */
export type NriErrorReason =
  /** "connect": the socket does not exist. */
  | "absent"
  /** "connect": no process listens on the socket. */
  | "refused"
  /** "connect": permission denied. */
  | "denied"
  /** "connect": the path is another file or a directory. */
  | "not-a-socket"
  /** "registration": the runtime answered with an error. */
  | "rejected"
  /** "registration", "disconnected", "protocol": the other side has not sent any NRI. */
  | "no-nri"
  /** "configuration": the option contradicts the runtime's environment variable. */
  | "conflict";

export interface NriErrorDetails {
  readonly reason?: NriErrorReason | undefined;
  /** "configuration": the invalid option. */
  readonly option?: "name" | "index" | "socket" | undefined;
  /** The gRPC status code of the runtime's answer. */
  readonly status?: number | undefined;
}

export class NriError extends Error implements NriErrorDetails {
  override name = "NriError";
  readonly code: NriErrorCode;
  readonly reason: NriErrorDetails["reason"];
  readonly option: NriErrorDetails["option"];
  readonly status: number | undefined;

  constructor(code: NriErrorCode, message: string, { reason, option, status }: NriErrorDetails = {}) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.option = option;
    this.status = status;
  }
}

/** The message of a thrown value of any type. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

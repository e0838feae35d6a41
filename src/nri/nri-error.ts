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

/** Why, where it is known and makes a difference to what can be done about it. */
export type NriErrorReason =
  /** "connect": there is nothing at the socket's path. */
  | "absent"
  /** "connect": nobody listens at the socket. */
  | "refused"
  /** "connect": this user may not. */
  | "denied"
  /** "connect": what is at the path is a file or a folder. */
  | "not-a-socket"
  /** "registration": the runtime answered with an error. */
  | "rejected"
  /** "registration", "disconnected", "protocol": whoever listens has not spoken any NRI. */
  | "no-nri"
  /** "configuration": the option contradicts what the runtime has set. */
  | "conflict";

export interface NriErrorDetails {
  readonly reason?: NriErrorReason | undefined;
  /** "configuration": the option that cannot be used. */
  readonly option?: "name" | "index" | "socket" | undefined;
  /** gRPC's number for the error that the runtime answered with. */
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

/** The text of whatever was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

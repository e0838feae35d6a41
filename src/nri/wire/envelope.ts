import type { Status } from "./status.ts";

/** A ttrpc request (containerd/ttrpc, request.proto). */
export interface Request {
  readonly service: string;
  readonly method: string;
  readonly payload: Uint8Array;
  /** How long the caller waits, in milliseconds; 0 if not given. */
  readonly timeoutMs: number;
}

/** A ttrpc response. */
export interface Response {
  readonly payload: Uint8Array;
  /** An error, unless its code is 0. */
  readonly status?: Status | undefined;
}

/** Reads and writes what a ttrpc message carries. The readers throw if it cannot be decoded. */
export interface Envelope {
  encodeRequest(request: Request): Uint8Array;
  decodeRequest(bytes: Uint8Array): Request;
  encodeResponse(response: Partial<Response>): Uint8Array;
  decodeResponse(bytes: Uint8Array): Response;
}

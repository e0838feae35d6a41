import type { Identity } from "./session.ts";
import type { Envelope } from "./wire/envelope.ts";

/** How a session reads and writes messages: with generated ones (protobuf-codec.ts), or without. */
export interface Codec<Content extends { readonly name: string }> {
  readonly envelope: Envelope;
  /** A RegisterPluginRequest. */
  encodeRegistration(identity: Identity, nriVersion: string): Uint8Array;
  /**
   * The content of a call of the runtime; undefined if the API has no such method.
   * @throws if the request cannot be decoded
   */
  decodeCall(method: string, payload: Uint8Array): Content | undefined;
}

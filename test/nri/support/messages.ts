import { type Message, MessageDecoder } from "../../../src/nri/wire/message.ts";
import { MuxDecoder } from "../../../src/nri/wire/mux.ts";

/** A message and the connection on which it came. */
export type Sent = Message & { readonly connection: number };

/** Decodes what either side has written. */
export class SentReader {
  readonly #mux = new MuxDecoder();
  readonly #decoders = new Map<number, MessageDecoder>();

  /** The messages that a chunk completes, each with bytes of its own. */
  push(chunk: Uint8Array): Sent[] {
    const found: Sent[] = [];
    this.#mux.push(chunk, (connection, piece) => {
      const decoder = this.#decoders.get(connection) ?? new MessageDecoder();
      this.#decoders.set(connection, decoder);
      decoder.push(piece, (message) =>
        found.push({ ...message, payload: Uint8Array.from(message.payload), connection }),
      );
    });
    return found;
  }
}

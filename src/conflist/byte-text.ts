/** A text's UTF-8, one character a byte: how files' texts and taps' strings are kept, so that no byte of them is lost. */
export function bytesOfText(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** The text that such bytes are. */
export function textOfBytes(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString();
}

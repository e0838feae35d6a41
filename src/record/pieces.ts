/**
 * A text as a list of parts that are never joined: a string is the writer's own (one character a byte), and two
 * numbers, start and end, are a slice of standard input.
 */
export type Pieces = (string | number)[];

/**
 * A value to be hidden, found by the scan of standard input: `key` where its key holds a secret word, `shape` where it
 * is a string that holds a JWT or a PEM block. Offsets in bytes; the key's are 0 where there is none.
 */
export interface Secret {
  readonly shape: boolean;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly start: number;
  readonly end: number;
}

/**
 * A text as a list of parts, to avoid joining them: a string is literal text (one character per byte), and a
 * pair of numbers, start and end, is a slice of standard input.
 */
export type Pieces = (string | number)[];

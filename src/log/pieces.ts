/**
 * A text as a list of parts that are never joined: a string is the writer's own (one character a byte), and two
 * numbers, start and end, are a slice of standard input.
 */
export type Pieces = (string | number)[];

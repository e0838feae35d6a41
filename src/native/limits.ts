/** Standard input of more bytes is refused. */
export const INPUT_BYTES_MOST = 64 * 1024 * 1024;

/** JSON of more levels is refused; the object itself is the first. */
export const INPUT_LEVELS_MOST = 10_000;

/** Secrets that are noted one by one; where there are more, all of the text is hidden. */
export const SECRETS_MOST = 4096;

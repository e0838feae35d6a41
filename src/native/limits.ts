/** Larger standard input is refused. */
export const INPUT_BYTES_MOST = 64 * 1024 * 1024;

/** More deeply nested JSON is refused. The top-level object is level 1. */
export const INPUT_LEVELS_MOST = 10_000;

/** Number of secrets that are hidden individually. If there are more, the whole text is hidden. */
export const SECRETS_MOST = 4096;

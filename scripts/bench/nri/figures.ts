/** The results of one plugin, by the name of the row. */
export type Figures = ReadonlyMap<string, number>;

/** Long enough that no call times out on a busy machine. */
export const TIMEOUT_MS = 60_000;

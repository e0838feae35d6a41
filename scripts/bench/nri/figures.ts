/** What came out for one plugin, by the name of the row. */
export type Figures = ReadonlyMap<string, number>;

/** No call may end for its time: the machine may be busy. */
export const TIMEOUT_MS = 60_000;

const CHUNK_ROWS = 4096;

/** Rows of numbers: what is kept of each pod to the log's end, in few bytes. */
export class Rows {
  readonly #width: number;
  readonly #chunks: Float64Array[] = [];
  count = 0;

  /** @param width the numbers of a row */
  constructor(width: number) {
    this.#width = width;
  }

  /** Adds a row and returns its index. */
  add(values: readonly number[]): number {
    const at = this.count % CHUNK_ROWS;
    if (at === 0) this.#chunks.push(new Float64Array(CHUNK_ROWS * this.#width));
    this.#chunks.at(-1)?.set(values, at * this.#width);
    return this.count++;
  }

  get(row: number, column: number): number {
    const chunk = this.#chunks[Math.floor(row / CHUNK_ROWS)];
    return chunk?.[(row % CHUNK_ROWS) * this.#width + column] ?? Number.NaN;
  }

  /** All rows, those with the smallest number in a column first; of equal ones the older first. */
  sortedBy(column: number): Uint32Array {
    const keys = Float64Array.from({ length: this.count }, (_, row) => this.get(row, column));
    const rows = Uint32Array.from(keys, (_, row) => row);
    if (keys.every((key, row) => row === 0 || (keys[row - 1] ?? 0) <= key)) return rows;
    return rows.sort((one, other) => (keys[one] ?? 0) - (keys[other] ?? 0) || one - other);
  }

  /**
   * What is found among the rows that have the same number in a column, of which there is more than one; in the order of their
   * oldest rows.
   * @param find gets such rows, the older first
   */
  findAmongSame<T>(column: number, find: (rows: Uint32Array) => readonly T[]): T[] {
    const rows = this.sortedBy(column);
    const found: { readonly oldest: number; readonly what: readonly T[] }[] = [];
    for (let from = 0; from < rows.length; ) {
      const key = this.get(rows[from] ?? 0, column);
      let to = from + 1;
      while (to < rows.length && this.get(rows[to] ?? 0, column) === key) to++;
      const what = to > from + 1 ? find(rows.subarray(from, to)) : [];
      if (what.length > 0) found.push({ oldest: rows[from] ?? 0, what });
      from = to;
    }
    return found.sort((one, other) => one.oldest - other.oldest).flatMap((one) => one.what);
  }
}

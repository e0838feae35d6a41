import { fitted, lengthOf } from "../text-columns.ts";

/** A column of a table. */
export interface Column {
  readonly head: string;
  readonly right?: true;
  /** It may be cut where the terminal is narrow, the widest of them first. */
  readonly cut?: true;
}

const GAP = "  ";
const LEAST = 8;

/**
 * Lines of a table for people.
 * @param columns the terminal's width; null: as wide as it gets
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | null,
): string[] {
  return [...longTable(columns, rows.length, (at) => rows[at] ?? [], width)];
}

/** As `tableLines`, line by line, for tables whose cells are too many to keep: each row is asked for twice. */
export function* longTable(
  columns: readonly Column[],
  count: number,
  row: (at: number) => readonly string[],
  width: number | null,
): Generator<string> {
  const heads = columns.map(({ head }) => head);
  const widths = heads.map(lengthOf);
  for (let at = 0; at < count; at++)
    row(at).forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, lengthOf(cell));
    });
  if (width !== null) narrow(columns, widths, width);
  const line = (cells: readonly string[]) =>
    columns
      .map(({ right }, at) => fitted(cells[at] ?? "", widths[at] ?? 0, right === true))
      .join(GAP)
      .trimEnd();
  yield line(heads);
  for (let at = 0; at < count; at++) yield line(row(at));
}

/** Takes width from the widest column that may be cut, until the table fits or none is left to take from. */
function narrow(columns: readonly Column[], widths: number[], width: number): void {
  const total = () => widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1));
  for (let over = total() - width; over > 0; over = total() - width) {
    let widest = -1;
    columns.forEach(({ cut }, at) => {
      if (cut && (widths[at] ?? 0) > LEAST && (widths[at] ?? 0) > (widths[widest] ?? 0)) widest = at;
    });
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

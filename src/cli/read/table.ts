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
  const all = [columns.map(({ head }) => head), ...rows];
  const widths = columns.map((_, at) => Math.max(...all.map((row) => lengthOf(row[at] ?? ""))));
  if (width !== null) narrow(columns, widths, width);
  return all.map((row) =>
    columns
      .map(({ right }, at) => fitted(row[at] ?? "", widths[at] ?? 0, right === true))
      .join(GAP)
      .trimEnd(),
  );
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

function fitted(text: string, width: number, right: boolean): string {
  const length = lengthOf(text);
  if (length > width) return `${[...text].slice(0, width - 1).join("")}…`;
  const space = " ".repeat(width - length);
  return right ? space + text : text + space;
}

function lengthOf(text: string): number {
  return [...text].length;
}

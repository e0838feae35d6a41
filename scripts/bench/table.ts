/** The value below which a share (0 to 1) of the sorted values lies; NaN if there are none. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** A Markdown table. The first column is left-aligned, the others right-aligned. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => (index === 0 ? "---" : "---:"));
  return [head, rule, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Whole microseconds. */
export function micro(nanoseconds: number): string {
  return (nanoseconds / 1000).toFixed(0);
}

export function times(ratio: number): string {
  return `${ratio.toFixed(2)} x`;
}

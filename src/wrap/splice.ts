import type { Span } from "../log/call-line.ts";

/**
 * What a plugin is given of from..to: the parts `cuts` are left out, and the plugin's type, `token`, stands in the place
 * of the member `type`, if there is one. wrap/last-resort.c does the same.
 * @param cuts start and end of each, in ascending order
 */
export function splice(
  from: number,
  to: number,
  cuts: readonly number[],
  type: Span | null,
  token: Span,
): Span[] {
  const spans: Span[] = [];
  let at = from;
  let replaced = type === null;
  const keep = (end: number) => {
    if (end > at) spans.push({ start: at, end });
  };
  for (let index = 0; index <= cuts.length; index += 2) {
    const start = cuts[index] ?? to;
    if (type !== null && !replaced && type.start < start) {
      keep(type.start);
      spans.push(token);
      at = type.end;
      replaced = true;
    }
    keep(start);
    at = cuts[index + 1] ?? to;
  }
  return spans;
}

const ASCII = /^[ -~]*$/;

/** How many columns a text takes. */
export function lengthOf(text: string): number {
  return ASCII.test(text) ? text.length : [...text].length;
}

/** A text padded or cut to a width: on the right, or where `right` is said on the left. */
export function fitted(text: string, width: number, right = false): string {
  const length = lengthOf(text);
  if (length > width) return `${[...text].slice(0, width - 1).join("")}…`;
  const space = " ".repeat(width - length);
  return right ? space + text : text + space;
}

/** Narrower columns than this are not wrapped to: they would have a word a line. */
const LEAST_WIDTH = 30;

/**
 * Wraps a text at its spaces. Words that are too long stay whole, so that they can be copied.
 * @param indent the columns before each line; the first line is not indented
 * @param columns the terminal's width; null: the text is not wrapped
 */
export function wrapText(text: string, indent: number, columns: number | null): string {
  const width = (columns ?? 0) - indent;
  if (width < LEAST_WIDTH) return text;
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || lengthOf(longer) <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}

/** One line of the json format. */
export interface JsonLine {
  readonly members: Readonly<Record<string, unknown>>;
  /** The members' names in the order of the line. */
  readonly names: readonly string[];
  /** The last member: its name, and its value as text. */
  readonly payload: { readonly name: "input" | "output" | "note"; readonly text: string };
}

/** Reads a line of the json format. The payload stays text, so that no digit of it is lost. */
export function readJsonLine(line: string): JsonLine {
  const members = JSON.parse(line) as Record<string, unknown>;
  const names = Object.keys(members);
  const name = names.at(-1);
  if (name !== "input" && name !== "output" && name !== "note") {
    throw new Error(`Cannot read the line: its last member is ${name}`);
  }
  // No member before the payload can hold this mark: a quote inside a string is escaped.
  const mark = `,"${name}":`;
  return { members, names, payload: { name, text: line.slice(line.indexOf(mark) + mark.length, -1) } };
}

/** A classic line of an event: `CNI_COMMAND=…,CNI_CONTAINERID=…,input=…`. */
export function classicLine(command: string, id: string, payload: "input" | "output", text: string): string {
  return `CNI_COMMAND=${command},CNI_CONTAINERID=${id},${payload}=${text}`;
}

/** What a line of the json format shows of a text with U+007F to U+009F, which a terminal would obey. */
export function escapeControls(text: string): string {
  return text.replace(/[\x7f-\x9f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}

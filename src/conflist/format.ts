import type { JsonValue } from "./json.ts";

/**
 * Formats an entry like its neighbour: on one line or several, with the same indentation, line ends and
 * spaces after colons.
 * @param space the white space before the entry
 */
export function formatEntry(
  entry: Readonly<Record<string, unknown>>,
  text: string,
  space: string,
  neighbour: JsonValue | undefined,
): string {
  const like = neighbour ? text.slice(neighbour.start, neighbour.end) : "";
  const spaced = like === "" ? space !== "" : isSpaced(like);
  const members = Object.entries(entry).map(([key, value]) => writeMember(key, value, spaced));
  const indent = /^([ \t]*)\S/.exec(like.slice(like.indexOf("\n") + 1))?.[1];
  if (!space.includes("\n") || !/^\{[ \t]*\r?\n/.test(like) || indent === undefined) {
    return `{${members.join(spaced ? ", " : ",")}}`;
  }
  const newline = like.includes("\r\n") ? "\r\n" : "\n";
  const outer = space.slice(space.lastIndexOf("\n") + 1);
  return `{${newline}${members.map((member) => indent + member).join(`,${newline}`)}${newline}${outer}}`;
}

/** Whether a text has white space after its colons, commas or braces. */
export function isSpaced(text: string): boolean {
  return /[:,{]\s/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, '""'));
}

/**
 * Formats a member, on one line, whose value has a type and other keys.
 * @param type the token of the type, which stays as it is written
 */
export function formatWrapMember(
  name: string,
  type: string,
  keys: Readonly<Record<string, unknown>>,
  spaced: boolean,
): string {
  const colon = spaced ? ": " : ":";
  const members = Object.entries(keys).map(([key, value]) => writeMember(key, value, spaced));
  const inner = [`"type"${colon}${type}`, ...members].join(spaced ? ", " : ",");
  return `${JSON.stringify(name)}${colon}{${inner}}`;
}

function writeMember(key: string, value: unknown, spaced: boolean): string {
  return `${JSON.stringify(key)}:${spaced ? " " : ""}${writeValue(value, spaced)}`;
}

function writeValue(value: unknown, spaced: boolean): string {
  if (typeof value !== "object" || value === null) return asciiJson(value);
  const members = Object.entries(value).map(([key, inner]) => writeMember(key, inner, spaced));
  return `{${members.join(spaced ? ", " : ",")}}`;
}

/** JSON in ASCII, since texts here have one character per byte. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

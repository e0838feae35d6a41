import { printable } from "../log/printable.ts";

/** A level of logrus (github.com/sirupsen/logrus), whose format NRI plugins use. */
export type Level = "debug" | "info" | "warning" | "error" | "fatal";

/** Style of a line: on a terminal with or without colours, or elsewhere. */
export type Look = "colour" | "plain" | "fields";

export interface Moment {
  /** The wall clock, milliseconds since 1970. */
  readonly timeMs: number;
  /** Milliseconds since the process started. */
  readonly sinceStartMs: number;
}

/** Names and values after the message, such as the pod that it is about. */
export type Fields = Readonly<Record<string, string>>;

const COLOURS: Readonly<Record<Level, number>> = { debug: 37, info: 36, warning: 33, error: 31, fatal: 31 };
const LEVEL_WIDTH = 7;
const MESSAGE_WIDTH = 44;

/** A line like those of logrus's TextFormatter with PadLevelText. Control characters are escaped. */
export function logrusLine(
  level: Level,
  message: string,
  look: Look,
  moment: Moment,
  fields: Fields = {},
): string {
  const names = Object.keys(fields).sort();
  const values = (paint: (name: string) => string) =>
    names.map((name) => ` ${paint(printable(name))}=${quote(fields[name] ?? "")}`).join("");
  if (look === "fields") {
    const said = message === "" ? "" : ` msg=${quote(message)}`;
    return `time="${localTime(moment.timeMs)}" level=${level}${said}${values((name) => name)}\n`;
  }
  const colour = (text: string) => (look === "colour" ? `\x1b[${COLOURS[level]}m${text}\x1b[0m` : text);
  const title = colour(level.toUpperCase().padEnd(LEVEL_WIDTH));
  const seconds = String(Math.floor(moment.sinceStartMs / 1000)).padStart(4, "0");
  return `${title}[${seconds}] ${printable(message).padEnd(MESSAGE_WIDTH)} ${values(colour)}\n`;
}

/** A text like Go's %q: in quotation marks, with escapes for what is not printable. */
export function goQuote(text: string): string {
  return `"${printable(text.replace(/["\\]/g, "\\$&"))}"`;
}

/** RFC 3339 in whole seconds, in the local time zone. */
function localTime(timeMs: number): string {
  const time = new Date(timeMs);
  const offset = -time.getTimezoneOffset(); // minutes east of Greenwich
  const local = new Date(timeMs + offset * 60_000).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.abs(offset);
  return `${local}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Like logrus, omits the quotation marks around plain words, and around nothing. */
function quote(text: string): string {
  return /^[\w./@^+-]*$/.test(text) ? text : goQuote(text);
}

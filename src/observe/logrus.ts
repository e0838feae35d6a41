import { printable } from "../log/printable.ts";

/** A level of logrus (github.com/sirupsen/logrus), whose format NRI plugins use. */
export type Level = "info" | "warning" | "error";

/** Style of a line: on a terminal with or without colours, or elsewhere. */
export type Look = "colour" | "plain" | "fields";

export interface Moment {
  /** The wall clock, milliseconds since 1970. */
  readonly timeMs: number;
  /** Milliseconds since the process started. */
  readonly sinceStartMs: number;
}

const COLOURS: Readonly<Record<Level, number>> = { info: 36, warning: 33, error: 31 };
const LEVEL_WIDTH = 7;
const MESSAGE_WIDTH = 44;

/** A line like those of logrus's TextFormatter with PadLevelText. Control characters are escaped. */
export function logrusLine(level: Level, message: string, look: Look, moment: Moment): string {
  if (look === "fields") return `time="${localTime(moment.timeMs)}" level=${level} msg=${quote(message)}\n`;
  const title = level.toUpperCase().padEnd(LEVEL_WIDTH);
  const painted = look === "colour" ? `\x1b[${COLOURS[level]}m${title}\x1b[0m` : title;
  const seconds = String(Math.floor(moment.sinceStartMs / 1000)).padStart(4, "0");
  return `${painted}[${seconds}] ${printable(message).padEnd(MESSAGE_WIDTH)} \n`;
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

/** Quotes like Go's %q. Like logrus, omits the quotes around plain words. */
function quote(message: string): string {
  if (/^[\w./@^+-]+$/.test(message)) return message;
  return `"${printable(message.replace(/["\\]/g, "\\$&"))}"`;
}

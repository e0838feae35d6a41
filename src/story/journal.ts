import { isMembers, parseJson } from "../log/json.ts";

/** A line of the runtime's journal. */
export interface JournalLine {
  /** Milliseconds since 1970; null if the line does not tell. */
  readonly timeMs: number | null;
  /** Such as "containerd"; null if the line does not tell. */
  readonly program: string | null;
  /** Such as "error"; null if the line does not tell. */
  readonly level: string | null;
  readonly text: string;
}

/** Of logrus, which containerd and CRI-O write: `time="…" level=error msg="…" error="…"`. */
const FIELD = /(?:^|\s)(time|level|msg|error)=(?:"((?:[^"\\]|\\.)*)"|(\S+))/g;
/** Of journalctl's own formats: `Nov 21 12:00:00 node-1 containerd[812]: `. */
const PREFIX = /^\S.{0,80}?\s([\w.@-]+)\[\d+\]: /;

/** A line of `journalctl -o json`, or of a text; null if it is not about the container. */
export function readJournalLine(line: string, containerId: string): JournalLine | null {
  if (containerId === "" || !line.includes(containerId)) return null;
  const entry = line.startsWith("{") ? parseJson(line) : null;
  if (!isMembers(entry)) return readMessage(line.replace(PREFIX, ""), PREFIX.exec(line)?.[1] ?? null, null);
  const message = typeof entry.MESSAGE === "string" ? entry.MESSAGE : "";
  if (!message.includes(containerId)) return null; // somewhere else in the entry
  const program = typeof entry.SYSLOG_IDENTIFIER === "string" ? entry.SYSLOG_IDENTIFIER : null;
  const micros = Number(entry.__REALTIME_TIMESTAMP);
  return readMessage(message, program, Number.isFinite(micros) && micros > 0 ? micros / 1000 : null);
}

function readMessage(message: string, program: string | null, writtenMs: number | null): JournalLine {
  const fields = new Map<string, string>();
  for (const [, name = "", quoted, bare = ""] of message.matchAll(FIELD))
    if (!fields.has(name)) fields.set(name, quoted === undefined ? bare : unquote(quoted));
  const msg = fields.get("msg");
  if (msg === undefined) return { timeMs: writtenMs, program, level: null, text: message };
  const ownMs = Date.parse(fields.get("time") ?? "");
  const error = fields.get("error");
  return {
    timeMs: Number.isNaN(ownMs) ? writtenMs : ownMs,
    program,
    level: fields.get("level") ?? null,
    text: error === undefined ? msg : `${msg}: ${error}`,
  };
}

function unquote(text: string): string {
  return text.replace(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char === "t" ? "\t" : char));
}

import { type Host, SCAN_ERRORS } from "../native/native.ts";
import type { Shown, Span } from "../record/line.ts";
import { HARMLESS_ENDINGS, SECRET_WORDS } from "../record/redact.ts";
import { STANZA_KEYS, type StanzaKey } from "./stanza.ts";

const BYTE_LIMIT = 64 * 1024 * 1024;
const DEPTH_LIMIT = 10000;
const SECRET_LIMIT = 4096;

const MEMBERS = ["cniVersion", "name", "prevResult", ...STANZA_KEYS] as const;

/** A request configuration (SPEC 1.1.0, section 3) as a tap reads it: where its members stand in standard input. */
export interface Request {
  /** The whole object. */
  readonly span: Span;
  readonly rawNewline: boolean;
  /** The last member of this name at the top level. */
  member(name: StanzaKey | "prevResult"): Span | null;
  /** Likewise, where it is a string. */
  string(name: "cniVersion" | "name"): Span | null;
  text(span: Span): string;
  shown(redact: boolean): Shown;
}

/** Why standard input is no request: `stdin is not JSON: <reason> at byte N`, never its text. */
export interface Unreadable {
  readonly reason: string;
}

/** Reads standard input. */
export function readRequest(host: Pick<Host, "readInput" | "text">): Request | Unreadable {
  const scan = host.readInput({
    byteLimit: BYTE_LIMIT,
    depthLimit: DEPTH_LIMIT,
    secretLimit: SECRET_LIMIT,
    members: MEMBERS,
    words: SECRET_WORDS,
    endings: HARMLESS_ENDINGS,
  });
  if (scan.error !== 0) return { reason: `stdin is not JSON: ${SCAN_ERRORS[scan.error]} at byte ${scan.at}` };

  const member = (name: (typeof MEMBERS)[number]): Span | null => {
    const index = MEMBERS.indexOf(name) * 2;
    const end = scan.members[index + 1] ?? 0;
    return end === 0 ? null : { start: scan.members[index] ?? 0, end };
  };
  const text = (span: Span) => host.text(span.start, span.end);
  return {
    span: { start: scan.start, end: scan.end },
    rawNewline: scan.rawNewline,
    member,
    string: (name) => {
      const span = member(name);
      return span !== null && host.text(span.start, span.start + 1) === '"' ? span : null;
    },
    text,
    shown: (redact) => ({ redact, overflow: scan.overflow, secrets: scan.secrets }),
  };
}

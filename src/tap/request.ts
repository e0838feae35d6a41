import type { ByteString } from "../log/byte-string.ts";
import type { Redaction, Span } from "../log/call-line.ts";
import type { SecretRules } from "../log/redact.ts";
import type { Host } from "../native/host.ts";
import { STANZA_KEYS, type StanzaKey } from "./stanza-settings.ts";

const MEMBERS = ["cniVersion", "name", "prevResult", ...STANZA_KEYS] as const;
type Member = (typeof MEMBERS)[number];

/** Made while the executable is built: the snapshot holds it, and a call searches nothing. */
const INDEX = Object.fromEntries(MEMBERS.map((name, index) => [name, index])) as Record<Member, number>;

/** A request configuration (SPEC 1.1.0, section 3): the spans of its members in standard input. */
export interface Request {
  /** The whole object. */
  readonly span: Span;
  readonly rawNewline: boolean;
  /** The last member of this name at the top level. */
  member(name: StanzaKey | "prevResult"): Span | null;
  /** The same of prevResult, unless it is `null`, which says nothing. */
  prevResult(): Span | null;
  /** The same if it is a string, else null. */
  string(name: "cniVersion" | "name"): Span | null;
  text(span: Span): ByteString;
  /** Its secrets, for the writers of lines. */
  redaction(redact: boolean): Redaction;
}

/** Why standard input is not a request: an index into SCAN_ERRORS, and the offset of the invalid byte. */
export interface Unreadable {
  readonly fault: number;
  readonly at: number;
}

/** Reads standard input. `everywhere`: the whole of it may be logged, not only its members named above. */
export function readRequest(
  host: Pick<Host, "readInput" | "text"> & SecretRules,
  everywhere: boolean,
): Request | Unreadable {
  const scan = host.readInput(MEMBERS, everywhere);
  if (scan.error !== 0) return { fault: scan.error, at: scan.at };

  const member = (name: Member): Span | null => {
    const index = INDEX[name] * 2;
    const end = scan.members[index + 1] ?? 0;
    return end === 0 ? null : { start: scan.members[index] ?? 0, end };
  };
  const text = (span: Span) => host.text(span.start, span.end);
  const begins = (span: Span | null, byte: string) =>
    span !== null && host.text(span.start, span.start + 1) === byte;
  return {
    span: { start: scan.start, end: scan.end },
    rawNewline: scan.rawNewline,
    member,
    string: (name) => {
      const span = member(name);
      return begins(span, '"') ? span : null;
    },
    prevResult: () => {
      const span = member("prevResult");
      return begins(span, "n") ? null : span;
    },
    text,
    redaction: (redact) => ({ redact, overflow: scan.overflow, secrets: scan.secrets, rules: host }),
  };
}

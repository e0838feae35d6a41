import { parseArgs } from "../cni/args.ts";
import { asByteString, type ByteString } from "./byte-string.ts";
import type { Pieces } from "./pieces.ts";
import { pushRedacted, redactArgs, redactText, type SecretRules, type Secrets } from "./redact.ts";
import { formatTime, type Instant } from "./time.ts";

/** A slice of standard input. An object, because destructuring an array needs an iterator in QuickJS. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The content of a line besides the variables: the request, prevResult, or a note why there is neither. */
export type Content =
  | { readonly kind: "input" | "output"; readonly span: Span }
  | { readonly kind: "note"; readonly text: string };

/** The environment variables that a line may contain; null if not set. */
export interface Variables {
  readonly command: ByteString;
  readonly containerId: ByteString | null;
  readonly netns: ByteString | null;
  readonly ifname: ByteString | null;
  readonly args: ByteString | null;
  readonly traceparent: ByteString | null;
  readonly tracestate: ByteString | null;
}

/** Fields of the json format only. Each span is a JSON string in standard input, null if absent. */
export interface Details {
  readonly tap: "pre" | "post" | "wrap";
  readonly build: string;
  readonly pid: number;
  readonly time: Instant;
  readonly network: Span | null;
  readonly cniVersion: Span | null;
  readonly label: Span | null;
}

/** Which parts of standard input are secret, and whether they are hidden. */
export interface Redaction extends Secrets {
  readonly redact: boolean;
  /** For the variables. */
  readonly rules: SecretRules;
}

const EMPTY = asByteString("");
const HEX = "0123456789ABCDEF";

/** Escapes a variable for a classic line, so that it cannot end the line or, with `,`, the field. */
export function escapeVariable(value: ByteString): ByteString {
  const escapes: Record<number, string> = {}; // each made once, to save memory: the variable may hold 128 KB
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code > 0x20 && code !== 0x7f && code !== 0x2c && code !== 0x5c) continue;
    if (at > from) parts.push(value.slice(from, at));
    escapes[code] ??= `\\x${HEX.charAt(code >> 4)}${HEX.charAt(code & 15)}`;
    parts.push(escapes[code]);
    from = at + 1;
  }
  if (from === 0) return value;
  parts.push(value.slice(from));
  return asByteString(parts.join(""));
}

/** `CNI_COMMAND=ADD,CNI_CONTAINERID=…`: the start of a classic line, and the end of a note about a call. */
export function classicVariables(
  variables: Variables,
  { redact, rules }: Pick<Redaction, "redact" | "rules">,
): string {
  const show = (value: ByteString) => escapeVariable(redact ? redactText(value, rules) : value);
  return `CNI_COMMAND=${show(variables.command)},CNI_CONTAINERID=${show(variables.containerId ?? EMPTY)}`;
}

/** Adds a slice, its secrets hidden. */
export function pushSpan(pieces: Pieces, redaction: Redaction, span: Span): void {
  if (redaction.redact) pushRedacted(pieces, redaction, span.start, span.end);
  else pieces.push(span.start, span.end);
}

/** A line in the classic format, a drop-in for logs of `CNI_COMMAND=…,CNI_CONTAINERID=…,input=…`. */
export function classicLine(variables: Variables, content: Content, redaction: Redaction): Pieces {
  if (content.kind === "note") return [`${content.text}\n`];
  const pieces: Pieces = [`${classicVariables(variables, redaction)},${content.kind}=`];
  pushSpan(pieces, redaction, content.span);
  pieces.push("\n");
  return pieces;
}

/** A line in the json format. The payload comes last, so that a truncated line is still useful. */
export function jsonLine(
  variables: Variables,
  details: Details,
  content: Content,
  redaction: Redaction,
): Pieces {
  const pieces = jsonHead(variables, details, redaction);
  if (content.kind === "note") {
    const { redact, rules } = redaction;
    pieces.push(`,"note":${JSON.stringify(redact ? redactText(content.text, rules) : content.text)}`);
  } else {
    pieces.push(`,"${content.kind}":`);
    pushSpan(pieces, redaction, content.span);
  }
  pieces.push("}\n");
  return pieces;
}

/** A line in the json format up to its payload. */
export function jsonHead(variables: Variables, details: Details, redaction: Redaction): Pieces {
  const quote = (value: string | null) =>
    value === null ? "null" : JSON.stringify(redaction.redact ? redactText(value, redaction.rules) : value);
  const pieces: Pieces = [];
  const span = (name: string, value: Span | null) => {
    pieces.push(`,"${name}":`);
    if (value === null) pieces.push("null");
    else pushSpan(pieces, redaction, value);
  };

  pieces.push(
    `{"v":1,"time":"${formatTime(details.time)}","tap":"${details.tap}","build":"${details.build}","pid":${details.pid},` +
      `"command":${quote(variables.command)},"containerId":${quote(variables.containerId)}`,
  );
  span("network", details.network);
  span("cniVersion", details.cniVersion);
  pieces.push(
    `,"ifname":${quote(variables.ifname)},"netns":${quote(variables.netns)},"args":${jsonArgs(variables.args, redaction)}`,
  );
  if (details.label !== null) span("label", details.label);
  if (variables.traceparent) pieces.push(`,"traceparent":${quote(variables.traceparent)}`);
  if (variables.tracestate) pieces.push(`,"tracestate":${quote(variables.tracestate)}`);
  return pieces;
}

function jsonArgs(text: string | null, { redact, rules }: Redaction): string {
  if (text === null) return "null";
  return JSON.stringify(redact ? redactArgs(text, rules) : parseArgs(text));
}

import { parseArgs } from "../cni/args.ts";
import type { Pieces } from "./pieces.ts";
import { pushRedacted, redactPairs, redactText, type Source } from "./redact.ts";
import { formatTime, type Instant } from "./time.ts";

/** A slice of standard input. */
export type Span = readonly [start: number, end: number];

/** What a line tells of a call besides its variables: the request, prevResult, or why there is neither. */
export type Content =
  | { readonly kind: "input" | "output"; readonly span: Span }
  | { readonly kind: "note"; readonly text: string };

/** The environment variables a line may tell; null where one is not set. Binary strings. */
export interface Variables {
  readonly command: string;
  readonly containerId: string | null;
  readonly netns: string | null;
  readonly ifname: string | null;
  readonly args: string | null;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
}

/** What only the json format tells. The spans are strings of standard input, null where there are none. */
export interface Details {
  readonly tap: "pre" | "post";
  readonly build: string;
  readonly pid: number;
  readonly time: Instant;
  readonly network: Span | null;
  readonly cniVersion: Span | null;
  readonly label: Span | null;
}

/** Standard input, and whether its secrets are hidden. */
export interface Shown extends Source {
  readonly redact: boolean;
}

const HEX = "0123456789ABCDEF";

/** A variable in a classic line: a line stays one line, and `,` ends a field, whatever is in the variable. */
export function escapeVariable(value: string): string {
  const parts: string[] = []; // joined once, each escape made once: the taps' machine gives no memory back
  const escapes: Record<number, string> = {};
  let from = 0;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code > 0x20 && code !== 0x7f && code !== 0x2c && code !== 0x5c) continue;
    if (at > from) parts.push(value.slice(from, at));
    escapes[code] ??= `\\x${HEX.charAt(code >> 4)}${HEX.charAt(code & 15)}`;
    parts.push(escapes[code]);
    from = at + 1;
  }
  return from === 0 ? value : parts.join("") + value.slice(from);
}

/** `CNI_COMMAND=ADD,CNI_CONTAINERID=…`: how a classic line begins, and a note about a call ends. */
export function classicVariables(variables: Variables, redact: boolean): string {
  const show = (value: string) => escapeVariable(redact ? redactText(value) : value);
  return `CNI_COMMAND=${show(variables.command)},CNI_CONTAINERID=${show(variables.containerId ?? "")}`;
}

function pushSpan(pieces: Pieces, shown: Shown, [start, end]: Span): void {
  if (shown.redact) pushRedacted(pieces, shown, start, end);
  else pieces.push(start, end);
}

/** A line in the classic format: a drop-in for logs of `CNI_COMMAND=…,CNI_CONTAINERID=…,input=…`. */
export function classicLine(variables: Variables, content: Content, shown: Shown): Pieces {
  if (content.kind === "note") return [`${content.text}\n`];
  const pieces: Pieces = [`${classicVariables(variables, shown.redact)},${content.kind}=`];
  pushSpan(pieces, shown, content.span);
  pieces.push("\n");
  return pieces;
}

/** A line in the json format. The payload comes last, so that the line reads well when it is cut. */
export function jsonLine(variables: Variables, details: Details, content: Content, shown: Shown): Pieces {
  const quote = (value: string | null) =>
    value === null ? "null" : JSON.stringify(shown.redact ? redactText(value) : value);
  const pieces: Pieces = [];
  // Variables are pieces of their own: joined to their names they would be copied, and one may have 128 KiB.
  const text = (name: string, value: string | null) => pieces.push(`,"${name}":`, quote(value));
  const span = (name: string, value: Span | null) => {
    pieces.push(`,"${name}":`);
    if (value === null) pieces.push("null");
    else pushSpan(pieces, shown, value);
  };

  pieces.push(
    `{"v":1,"time":"${formatTime(details.time)}","tap":"${details.tap}","build":"${details.build}","pid":${details.pid}`,
  );
  text("command", variables.command);
  text("containerId", variables.containerId);
  span("network", details.network);
  span("cniVersion", details.cniVersion);
  text("ifname", variables.ifname);
  text("netns", variables.netns);
  pieces.push(',"args":', jsonArgs(variables.args, shown.redact));
  if (details.label !== null) span("label", details.label);
  if (variables.traceparent) text("traceparent", variables.traceparent);
  if (variables.tracestate) text("tracestate", variables.tracestate);
  if (content.kind === "note") text("note", content.text);
  else span(content.kind, content.span);
  pieces.push("}\n");
  return pieces;
}

function jsonArgs(args: string | null, redact: boolean): string {
  if (args === null) return "null";
  const pairs = parseArgs(args);
  const shown = redact ? redactPairs(pairs) : pairs;
  return `{${shown.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
}

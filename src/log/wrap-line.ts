import { asByteString } from "./byte-string.ts";
import {
  classicVariables,
  type Details,
  escapeVariable,
  jsonHead,
  pushSpan,
  type Redaction,
  type Span,
  type Variables,
} from "./call-line.ts";
import type { Pieces } from "./pieces.ts";
import { hidden } from "./redact.ts";

/** What a plugin is given: slices of standard input that are one JSON object, or a text in its place. */
export type GivenInput = readonly Span[] | string;

/** How a plugin ended, and what it said. Spans are JSON values. */
export interface PluginEnd {
  readonly microseconds: number;
  /** Exit code, or the signal it died of. */
  readonly exit: number;
  readonly signal: number;
  /** A JSON string without secrets; null if it said nothing. */
  readonly stderr: Span | null;
  /** Bytes of its output, if not all are in the line. */
  readonly outputBytes: number | null;
  /** Null if there was none. */
  readonly output: Readonly<Pieces> | null;
}

/** A plugin's call as all its lines tell it. */
export interface WrappedCall {
  readonly variables: Variables;
  readonly plugin: string;
  readonly redaction: Redaction;
  /** For the json format, read when the line is made; null: the classic format. */
  readonly details: (() => Details) | null;
}

/** `12345` microseconds are `12.345` ms. */
function milliseconds(microseconds: number): string {
  const rest = `00${microseconds % 1000}`;
  return `${Math.floor(microseconds / 1000)}.${rest.slice(rest.length - 3)}`;
}

function lineOf({ variables, plugin, redaction, details }: WrappedCall): Pieces {
  if (details === null)
    return [`${classicVariables(variables, redaction)},plugin=${escapeVariable(asByteString(plugin))}`];
  const pieces = jsonHead(variables, details(), redaction);
  pieces.push(`,"plugin":${JSON.stringify(plugin)}`);
  return pieces;
}

/** The line before the plugin is started. */
export function wrapBeginLine(call: WrappedCall, input: GivenInput): Pieces {
  const pieces = lineOf(call);
  pieces.push(call.details ? ',"input":' : ",input=");
  if (typeof input === "string") pieces.push(JSON.stringify(input));
  else pushGiven(pieces, call.redaction, input);
  pieces.push(call.details ? "}\n" : "\n");
  return pieces;
}

function pushGiven(pieces: Pieces, redaction: Redaction, input: readonly Span[]): void {
  if (redaction.redact && redaction.overflow) {
    let bytes = 0;
    for (const { start, end } of input) bytes += end - start;
    pieces.push(`"${hidden(bytes)}"`);
    return;
  }
  for (let index = 0; index < input.length; index++) {
    const span = input[index];
    if (span) pushSpan(pieces, redaction, span);
  }
}

/** The line after the plugin's end. */
export function wrapEndLine(call: WrappedCall, end: PluginEnd): Pieces {
  const pieces = lineOf(call);
  const json = call.details !== null;
  const name = (key: string) => (json ? `,"${key}":` : `,${key}=`);
  const ended = end.signal !== 0 ? `${name("signal")}${end.signal}` : `${name("exit")}${end.exit}`;
  const ms = `${name("ms")}${milliseconds(end.microseconds)}`;
  pieces.push(json ? ms + ended : ended + ms);
  if (end.stderr) pieces.push(name("stderr"), end.stderr.start, end.stderr.end);
  if (end.outputBytes !== null) pieces.push(`${name("outputBytes")}${end.outputBytes}`);
  pieces.push(name("output"));
  if (end.output === null) pieces.push("null");
  else for (let index = 0; index < end.output.length; index++) pieces.push(end.output[index] ?? "");
  pieces.push(json ? "}\n" : "\n");
  return pieces;
}

import { NO_COMMAND, NO_CONTAINER_ID, NO_TYPE } from "../cni/error-object.ts";
import { isMembers, type Members, parseJson } from "./json.ts";
import type { TextBytes } from "./known-texts.ts";
import { isObserverNote } from "./notes.ts";
import { POD_EVENTS, type PodEvent, type PodFacts } from "./pod-line.ts";

/*
 * Parser of the lines that call-line.ts, wrap-line.ts and pod-line.ts write, and no others. Fields have the encoding of the
 * line: if it is a byte string, so are they.
 */

export type LogFormat = "classic" | "json";

/** The request of a call (`input`) or the result of the whole chain (`output`), as JSON text of the line. */
export interface Payload {
  readonly kind: "input" | "output";
  readonly json: string;
  /** Its bytes, where the reader has them and nobody has looked at them. */
  readonly span?: PayloadSpan;
}

/** A range of bytes, until the next line is read. */
export interface PayloadSpan {
  readonly source: TextBytes;
  readonly from: number;
  readonly to: number;
}

/** Why there is no payload. */
export interface Note {
  readonly kind: "note";
  readonly text: string;
}

/** What all lines of a call tell. The classic format has only command and container ID; the rest is null. */
interface Call {
  readonly format: LogFormat;
  /** RFC 3339, UTC, microseconds. */
  readonly time: string | null;
  readonly build: string | null;
  readonly pid: number | null;
  readonly command: string;
  /** CNI_CONTAINERID; null if it was not set or empty. */
  readonly containerId: string | null;
  readonly network: string | null;
  readonly cniVersion: string | null;
  readonly ifname: string | null;
  readonly netns: string | null;
  /** The pairs of CNI_ARGS. */
  readonly args: Readonly<Record<string, string>> | null;
  readonly label: string | null;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
}

/** A call of a tap; of cni_wrap only the note that its stanza names no plugin. `tap` is null in the classic format. */
export interface CallLine extends Call {
  readonly kind: "call";
  readonly tap: "pre" | "post" | "wrap" | null;
  readonly content: Payload | Note;
}

/** A plugin's call that cni_wrap has seen: its beginning, with what it was given, or its end, with what it said. */
export interface WrapLine extends Call {
  readonly kind: "wrap";
  readonly plugin: string;
  /** The input, or the output; a string if it is no JSON. */
  readonly content: Payload;
  /** Null at the beginning. */
  readonly end: PluginEnd | null;
}

export interface PluginEnd {
  readonly ms: number;
  /** Null if the plugin died of a signal. */
  readonly exit: number | null;
  readonly signal: number | null;
  /** What it wrote to standard error; null if nothing. */
  readonly stderr: string | null;
  /** Bytes of its output, if the line has not all of it. */
  readonly outputBytes: number | null;
}

/** A pod event. */
export interface PodEventLine {
  readonly kind: "pod";
  readonly format: LogFormat;
  readonly time: string | null;
  readonly event: PodEvent;
  readonly containerId: string;
  readonly label: string | null;
  /** `labels` is null in the classic format, which has none. */
  readonly pod: Omit<PodFacts, "id" | "labels"> & { readonly labels: PodFacts["labels"] | null };
}

/** A note of a tap about a call that it could not read, or of the observer about itself. */
export interface NoteLine {
  readonly kind: "note";
  readonly format: LogFormat;
  readonly time: string | null;
  readonly label: string | null;
  readonly text: string;
  /** The command of the call that the note is about; null if it is about none. */
  readonly command: string | null;
  readonly containerId: string | null;
}

export type LogLine = CallLine | WrapLine | PodEventLine | NoteLine;

/**
 * Parses one line, without its newline. Returns null for a line that neither the taps nor the observer write:
 * an empty line, half a line, or a line of another program.
 */
export function parseLogLine(line: string): LogLine | null {
  if (line.startsWith('{"v":1,')) return parseJsonLine(line);
  if (line.startsWith("CNI_COMMAND=")) return parseClassicCall(line) ?? parseClassicWrap(line);
  if (line.startsWith("NRI_EVENT=")) return parseClassicPod(line);
  return parseClassicNote(line);
}

const CLASSIC_START = /^CNI_COMMAND=([^,]*),CNI_CONTAINERID=([^,]*),/;
const CLASSIC_CALL = new RegExp(`${CLASSIC_START.source}(input|output)=`);
const CLASSIC_POD = /^NRI_EVENT=([A-Za-z]+),CNI_CONTAINERID=([^,]*),pod=/;
const CLASSIC_FAULT = new RegExp(
  `^(stdin is not JSON: .*|${NO_TYPE.replaceAll(".", "\\.")}),CNI_COMMAND=([^,]*),CNI_CONTAINERID=([^,]*)$`,
);
/** The members of a JSON line before the last one: scalars, and `args`, an object of strings. */
const STRING = String.raw`"[^"\\]*(?:\\.[^"\\]*)*"`;
const CLASSIC_WRAP = new RegExp(
  `${CLASSIC_START.source}plugin=([^,]*),(?:(exit|signal)=(\\d+),ms=(\\d+\\.\\d{3}),` +
    `(?:stderr=(${STRING}),)?(?:outputBytes=(\\d+),)?(?=output)|(?=input))(input|output)=`,
);
const MEMBER = new RegExp(
  String.raw`"([a-zA-Z]+)":(?:${STRING}|-?\d+(?:\.\d+)?|null|\{(?:${STRING}:${STRING}(?:,${STRING}:${STRING})*)?\}),`,
  "y",
);
const LAST_MEMBER = /"(input|output|note|pod)":/y;

/** Splits a JSON line into its last member (name and value text) and the members before it. */
function splitJsonLine(line: string): { head: Members; last: string; value: string } | null {
  let at = 1;
  for (;;) {
    LAST_MEMBER.lastIndex = at;
    const last = LAST_MEMBER.exec(line);
    if (last) {
      const head: unknown = parseJson(`${line.slice(0, at - 1)}}`);
      const value = line.slice(LAST_MEMBER.lastIndex, -1);
      return isMembers(head) && line.endsWith("}") && last[1] !== undefined
        ? { head, last: last[1], value }
        : null;
    }
    MEMBER.lastIndex = at;
    if (!MEMBER.test(line)) return null;
    at = MEMBER.lastIndex;
  }
}

function parseJsonLine(line: string): LogLine | null {
  const parts = splitJsonLine(line);
  if (!parts) return null;
  const { head, last, value } = parts;
  const { time, label = null } = head;
  if (typeof time !== "string" || !isText(label)) return null;
  if ("nri" in head) return parseJsonObserved(head, time, label, last, value);
  const content = contentOf(last, value);
  const { tap, build, pid, command, containerId, plugin } = head;
  const { network, cniVersion, ifname, netns, args, traceparent = null, tracestate = null } = head;
  if (tap !== "pre" && tap !== "post" && tap !== "wrap") return null;
  if (typeof build !== "string" || typeof pid !== "number" || typeof command !== "string") return null;
  if (!isText(containerId) || !isText(network) || !isText(cniVersion) || !isText(ifname)) return null;
  if (!isText(netns) || !isArgs(args) || !isText(traceparent) || !isText(tracestate) || !content) return null;
  const call: Call = {
    ...{ format: "json" as const, time, build, pid, command, containerId: containerId || null },
    ...{ network, cniVersion, ifname, netns, args, label, traceparent, tracestate },
  };
  if (plugin === undefined) {
    return tap === "wrap" && content.kind !== "note" ? null : { kind: "call", tap, ...call, content };
  }
  const end = content.kind === "output" ? endOf(head) : null;
  if (tap !== "wrap" || typeof plugin !== "string" || content.kind === "note") return null;
  if ((content.kind === "output") !== (end !== null)) return null;
  return { kind: "wrap", ...call, plugin, content, end };
}

function endOf({
  ms,
  exit = null,
  signal = null,
  stderr = null,
  outputBytes = null,
}: Members): PluginEnd | null {
  if (typeof ms !== "number" || !isText(stderr)) return null;
  if (!isCount(exit) || !isCount(signal) || !isCount(outputBytes) || (exit === null) === (signal === null))
    return null;
  return { ms, exit, signal, stderr, outputBytes };
}

function parseJsonObserved(
  { nri: event, containerId }: Members,
  time: string,
  label: string | null,
  last: string,
  value: string,
): LogLine | null {
  const line = { format: "json", time, label } as const;
  const seen = parseJson(value);
  if (last === "note") {
    if (event !== null || containerId !== null || typeof seen !== "string") return null;
    return { kind: "note", ...line, text: seen, command: null, containerId };
  }
  const pod = last === "pod" ? podOf(seen, true) : null;
  if (!isPodEvent(event) || typeof containerId !== "string" || !pod) return null;
  return { kind: "pod", ...line, event, containerId, pod };
}

function parseClassicCall(line: string): CallLine | null {
  const [start = "", command = "", containerId = "", kind = ""] = CLASSIC_CALL.exec(line) ?? [];
  const content = contentOf(kind, line.slice(start.length));
  if (start === "" || !content) return null;
  return { kind: "call", tap: null, ...classicCall(command, containerId), content };
}

function classicCall(command: string, containerId: string): Call {
  return {
    ...{ format: "classic", time: null, build: null, pid: null },
    ...{ command: unescapeVariable(command), containerId: unescapeVariable(containerId) || null },
    ...{ network: null, cniVersion: null, ifname: null, netns: null, args: null },
    ...{ label: null, traceparent: null, tracestate: null },
  };
}

function parseClassicWrap(line: string): WrapLine | null {
  const match = CLASSIC_WRAP.exec(line);
  if (!match) return null;
  const [start, command = "", containerId = "", plugin = "", how, code, ms, stderr, outputBytes, kind = ""] =
    match;
  const content = contentOf(kind, line.slice(start.length));
  if (content === null || content.kind === "note") return null;
  const end = how !== undefined && {
    ...{ ms: Number(ms), exit: how === "exit" ? Number(code) : null },
    ...{
      signal: how === "signal" ? Number(code) : null,
      outputBytes: outputBytes ? Number(outputBytes) : null,
    },
    stderr: stderr === undefined ? null : parseJson(stderr),
  };
  if (end && !isText(end.stderr)) return null;
  return {
    ...{ kind: "wrap", ...classicCall(command, containerId), plugin: unescapeVariable(plugin), content },
    end: end ? { ...end, stderr: end.stderr as string | null } : null,
  };
}

function parseClassicPod(line: string): PodEventLine | null {
  const [start = "", event, containerId = ""] = CLASSIC_POD.exec(line) ?? [];
  const pod = podOf(parseJson(line.slice(start.length)), false);
  if (start === "" || !isPodEvent(event) || !pod) return null;
  return {
    kind: "pod",
    format: "classic",
    time: null,
    event,
    containerId: unescapeVariable(containerId),
    label: null,
    pod,
  };
}

function parseClassicNote(line: string): NoteLine | null {
  const [, text, command = "", containerId = ""] = CLASSIC_FAULT.exec(line) ?? [];
  const note = { kind: "note", format: "classic", time: null, label: null } as const;
  if (text !== undefined)
    return {
      ...note,
      text,
      command: unescapeVariable(command),
      containerId: unescapeVariable(containerId) || null,
    };
  if (line !== NO_COMMAND && line !== NO_CONTAINER_ID && !isObserverNote(line)) return null;
  return { ...note, text: line, command: null, containerId: null };
}

/** Reverses `escapeVariable`, which escapes only ASCII bytes. */
function unescapeVariable(text: string): string {
  return text.replace(/\\x([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function contentOf(kind: string, text: string): Payload | Note | null {
  const value = parseJson(text);
  if (value === undefined) return null;
  if (kind === "note") return typeof value === "string" ? { kind, text: value } : null;
  return kind === "input" || kind === "output" ? { kind, json: text } : null;
}

function podOf(value: unknown, labelled: boolean): PodEventLine["pod"] | null {
  if (!isMembers(value)) return null;
  const { namespace, name, uid, netns, ips, labels = null } = value;
  if (typeof namespace !== "string" || typeof name !== "string" || typeof uid !== "string") return null;
  if (!isText(netns) || !Array.isArray(ips) || !ips.every((ip) => typeof ip === "string")) return null;
  if (!isArgs(labels) || (labels !== null) !== labelled) return null;
  return { namespace, name, uid, netns, ips, labels };
}

function isText(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function isCount(value: unknown): value is number | null {
  return value === null || (typeof value === "number" && Number.isInteger(value) && value >= 0);
}

function isArgs(value: unknown): value is Readonly<Record<string, string>> | null {
  return value === null || (isMembers(value) && Object.values(value).every((one) => typeof one === "string"));
}

function isPodEvent(value: unknown): value is PodEvent {
  return POD_EVENTS.some((event) => event === value);
}

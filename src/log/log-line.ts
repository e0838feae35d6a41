import { NO_COMMAND, NO_CONTAINER_ID } from "../cni/error-object.ts";
import { isObserverNote } from "./notes.ts";
import { POD_EVENTS, type PodEvent, type PodFacts } from "./pod-line.ts";

/*
 * Parser of the lines that call-line.ts and pod-line.ts write, and no others. Fields have the encoding of the
 * line: if it is a byte string, so are they.
 */

export type LogFormat = "classic" | "json";

/** The request of a call (`input`) or the result of the whole chain (`output`), as JSON text of the line. */
export interface Payload {
  readonly kind: "input" | "output";
  readonly json: string;
}

/** Why there is no payload. */
export interface Note {
  readonly kind: "note";
  readonly text: string;
}

/** A call of a tap. The classic format has only command, container ID and payload; the rest is null. */
export interface CallLine {
  readonly kind: "call";
  readonly format: LogFormat;
  readonly tap: "pre" | "post" | null;
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
  readonly content: Payload | Note;
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

export type LogLine = CallLine | PodEventLine | NoteLine;

/**
 * Parses one line, without its newline. Returns null for a line that neither the taps nor the observer write:
 * an empty line, half a line, or a line of another program.
 */
export function parseLogLine(line: string): LogLine | null {
  if (line.startsWith('{"v":1,')) return parseJsonLine(line);
  if (line.startsWith("CNI_COMMAND=")) return parseClassicCall(line);
  if (line.startsWith("NRI_EVENT=")) return parseClassicPod(line);
  return parseClassicNote(line);
}

type Members = Readonly<Record<string, unknown>>;

const CLASSIC_CALL = /^CNI_COMMAND=([^,]*),CNI_CONTAINERID=([^,]*),(input|output)=/;
const CLASSIC_POD = /^NRI_EVENT=([A-Za-z]+),CNI_CONTAINERID=([^,]*),pod=/;
const CLASSIC_FAULT = /^(stdin is not JSON: .*),CNI_COMMAND=([^,]*),CNI_CONTAINERID=([^,]*)$/;
/** The members of a JSON line before the last one: scalars, and `args`, an object of strings. */
const STRING = String.raw`"[^"\\]*(?:\\.[^"\\]*)*"`;
const MEMBER = new RegExp(
  String.raw`"([a-zA-Z]+)":(?:${STRING}|-?\d+|null|\{(?:${STRING}:${STRING}(?:,${STRING}:${STRING})*)?\}),`,
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
  const { tap, build, pid, command, containerId } = head;
  const { network, cniVersion, ifname, netns, args, traceparent = null, tracestate = null } = head;
  if (tap !== "pre" && tap !== "post") return null;
  if (typeof build !== "string" || typeof pid !== "number" || typeof command !== "string") return null;
  if (!isText(containerId) || !isText(network) || !isText(cniVersion) || !isText(ifname)) return null;
  if (!isText(netns) || !isArgs(args) || !isText(traceparent) || !isText(tracestate) || !content) return null;
  return {
    ...{ kind: "call", format: "json", tap, time, build, pid, command, containerId: containerId || null },
    ...{ network, cniVersion, ifname, netns, args, label, traceparent, tracestate, content },
  };
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
  return {
    ...{ kind: "call", format: "classic", tap: null, time: null, build: null, pid: null },
    ...{ command: unescapeVariable(command), containerId: unescapeVariable(containerId) || null },
    ...{ network: null, cniVersion: null, ifname: null, netns: null, args: null },
    ...{ label: null, traceparent: null, tracestate: null, content },
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

/** Returns undefined if the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function isArgs(value: unknown): value is Readonly<Record<string, string>> | null {
  return value === null || (isMembers(value) && Object.values(value).every((one) => typeof one === "string"));
}

function isPodEvent(value: unknown): value is PodEvent {
  return POD_EVENTS.some((event) => event === value);
}

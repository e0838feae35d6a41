import { ErrorCode, NO_TYPE } from "../cni/error-object.ts";
import { type ByteString, decodeJsonString } from "../log/byte-string.ts";
import {
  classicVariables,
  type Details,
  jsonLine,
  type Redaction,
  type Span,
  type Variables,
} from "../log/call-line.ts";
import type { Pieces } from "../log/pieces.ts";
import type { LogTarget } from "../log/target.ts";
import type { GivenInput, WrappedCall } from "../log/wrap-line.ts";
import { SCAN_ERRORS, type Scan } from "../native/host.ts";
import type { WrapHost } from "../native/wrap-host.ts";
import { errorReply, noCommandOutcome, noteLine, unreadableOutcome } from "../tap/faulty-call.ts";
import { NOTHING, type Outcome } from "../tap/outcome.ts";
import { readRequest } from "../tap/request.ts";
import type { StanzaSettings } from "../tap/stanza-settings.ts";
import { readVariables } from "../tap/tap.ts";
import { versionReply } from "../tap/version-reply.ts";
import { memberOf, readSettings, SETTINGS_KEYS, type WrapSettings } from "./settings.ts";
import { splice } from "./splice.ts";

/** The version of cni-tap, put here by the build. */
declare const BUILD: string;

/** The name that says: the plugin's type is in the stanza. Any other is the plugin's own. */
export const OWN_NAME = "cni_wrap";

/** What is asked of standard input; the first is cut out of it. */
const MEMBERS = ["cniTap", "cniVersion", "name", "type"] as const;
const Member = { cniTap: 0, cniVersion: 1, name: 2, type: 3 } as const;

/** What the lines of a call have in common. */
export interface LoggedCall {
  readonly target: LogTarget;
  readonly call: WrappedCall;
  readonly input: GivenInput;
  /** Raw CR and LF of the input become spaces. */
  readonly flatten: boolean;
}

/** A plugin to be run. */
export interface PluginCall {
  readonly plugin: ByteString;
  readonly delegates: boolean;
  /** Null: standard input as it is. */
  readonly stdin: Readonly<Pieces> | null;
  /** Null: nothing is logged. */
  readonly log: LoggedCall | null;
  /** The version of the request, for an error object. */
  readonly cniVersion: Span | null;
  readonly complaints: readonly string[];
}

/** What to do for a call: run a plugin, or answer as a tap does. */
export function wrap(host: WrapHost): PluginCall | Outcome {
  const name = host.startedAs();
  return name === OWN_NAME ? wrapFromList(host) : wrapByName(name, host);
}

function isAlwaysLogged(command: string): boolean {
  return command === "ADD" || command === "DEL";
}

function isLogged(command: string, { logFormat, logStatus }: StanzaSettings): boolean {
  if (isAlwaysLogged(command)) return true;
  return logFormat === "json" && (command !== "STATUS" || logStatus);
}

function wrapFromList(host: WrapHost): PluginCall | Outcome {
  const command = host.env("CNI_COMMAND");
  if (!command) return host.isTerminal() ? { ...NOTHING, usage: true } : noCommandOutcome();
  if (command === "VERSION")
    return { ...NOTHING, reply: versionReply(host.isTerminal() ? null : readRequest(host, false)) };

  const variables = readVariables(command, host);
  let scan = host.readInput(MEMBERS, isAlwaysLogged(command), true);
  if (scan.error !== 0) return unreadableOutcome(variables, { fault: scan.error, at: scan.at }, host);
  const settings = readSettings(scanSettings(scan, host), (span) => host.text(span.start, span.end));
  if (settings.type === null) return withoutType(variables, scan, settings, host);

  const logged = isLogged(command, settings.stanza);
  if (logged && !isAlwaysLogged(command)) scan = host.readInput(MEMBERS, true, true);
  const type = memberOf(scan, Member.type);
  const cuts = scan.cuts ?? [];
  const plugin = decodeJsonString(host.text(settings.type.start, settings.type.end));
  return {
    plugin,
    delegates: settings.delegates,
    stdin: piecesOf(splice(0, host.inputBytes(), cuts, type, settings.type)),
    log: logged
      ? {
          ...loggedCall(command, plugin, variables, scan, settings, host),
          input: splice(scan.start, scan.end, cuts, type, settings.type),
        }
      : null,
    cniVersion: stringOf(scan, Member.cniVersion, host),
    complaints: settings.complaints,
  };
}

/** Scans `cniTap`; null if there is no such object. */
function scanSettings(scan: Scan, host: WrapHost): Scan | null {
  const span = memberOf(scan, Member.cniTap);
  return span === null ? null : host.scanObject(span.start, span.end, SETTINGS_KEYS);
}

function wrapByName(plugin: ByteString, host: WrapHost): PluginCall {
  const command = host.env("CNI_COMMAND");
  const file = host.scanSettings(SETTINGS_KEYS);
  const settings = readSettings(file, (span) => host.text(span.start, span.end));
  const complaints = settings.complaints.slice();
  if (file !== null && file.error !== 0)
    complaints.push(`Cannot use cni-tap.json: ${SCAN_ERRORS[file.error]?.[1]} at byte ${file.at}`);
  const { delegates } = settings;
  if (!command || command === "VERSION" || !isLogged(command, settings.stanza))
    return { plugin, delegates, stdin: null, log: null, cniVersion: null, complaints };

  const scan = host.readInput(MEMBERS, true);
  const readable = scan.error === 0;
  return {
    ...{ plugin, delegates, stdin: null, complaints },
    log: {
      ...loggedCall(command, plugin, readVariables(command, host), scan, settings, host),
      input: readable
        ? [{ start: scan.start, end: scan.end }]
        : `[not JSON: ${SCAN_ERRORS[scan.error]?.[1]} at ${scan.at}]`,
    },
    cniVersion: readable ? stringOf(scan, Member.cniVersion, host) : null,
  };
}

function stringOf(scan: Scan, member: number, host: WrapHost): Span | null {
  const span = scan.error === 0 ? memberOf(scan, member) : null;
  return span !== null && host.text(span.start, span.start + 1) === '"' ? span : null;
}

function piecesOf(spans: readonly Span[]): Pieces {
  const pieces: Pieces = [];
  for (let index = 0; index < spans.length; index++) {
    const span = spans[index];
    if (span) pieces.push(span.start, span.end);
  }
  return pieces;
}

function detailsOf(scan: Scan, { stanza }: WrapSettings, host: WrapHost): Details {
  return {
    ...{ tap: "wrap", build: BUILD, pid: host.pid(), time: host.now(), label: stanza.label },
    network: stringOf(scan, Member.name, host),
    cniVersion: stringOf(scan, Member.cniVersion, host),
  };
}

function redactionOf(scan: Scan, { stanza }: WrapSettings, host: WrapHost): Redaction {
  const readable = scan.error === 0;
  return {
    redact: stanza.redact,
    secrets: readable ? scan.secrets : [],
    overflow: readable && scan.overflow,
    rules: host,
  };
}

function loggedCall(
  command: ByteString,
  plugin: ByteString,
  variables: Variables,
  scan: Scan,
  settings: WrapSettings,
  host: WrapHost,
): Omit<LoggedCall, "input"> {
  const { stanza } = settings;
  return {
    // STATUS is polled: it must wait for nobody.
    target: command === "STATUS" ? { ...stanza.target, lockFile: null } : stanza.target,
    flatten: scan.error === 0 && scan.rawNewline,
    call: {
      ...{ variables, plugin, redaction: redactionOf(scan, settings, host) },
      details: stanza.logFormat === "json" ? () => detailsOf(scan, settings, host) : null,
    },
  };
}

/** A stanza that names no plugin. */
function withoutType(variables: Variables, scan: Scan, settings: WrapSettings, host: WrapHost): Outcome {
  const { command } = variables;
  const { stanza, complaints } = settings;
  const polled = command === "GC" || command === "STATUS";
  const fault = command !== "DEL" && !polled;
  const redaction = redactionOf(scan, settings, host);
  let line: Outcome["line"] = null;
  if (stanza.logFormat === "json" && (command !== "STATUS" || stanza.logStatus)) {
    const content = { kind: "note", text: NO_TYPE } as const;
    const pieces = jsonLine(variables, detailsOf(scan, settings, host), content, redaction);
    line = { target: stanza.target, flatten: false, escapeControls: true, pieces };
  } else if (stanza.logFormat === "classic" && !polled) {
    line = noteLine(`${NO_TYPE},${classicVariables(variables, redaction)}`, stanza.target);
  }
  const version = stringOf(scan, Member.cniVersion, host);
  const reply = fault ? errorReply(ErrorCode.invalidConfiguration, NO_TYPE, version) : [];
  return { reply, line, complaints, usage: false, exitCode: fault ? 1 : 0 };
}

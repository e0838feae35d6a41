import { ErrorCode, errorObjectTail } from "../cni/error.ts";
import { CNI_VERSIONS, LATEST_CNI_VERSION } from "../cni/versions.ts";
import type { Host } from "../native/native.ts";
import { decodeJsonString } from "../record/binary.ts";
import {
  type Content,
  classicLine,
  classicVariables,
  type Details,
  jsonLine,
  type Shown,
  type Span,
  type Variables,
} from "../record/line.ts";
import type { Pieces } from "../record/pieces.ts";
import type { Outcome, Role } from "./outcome.ts";
import { type Request, readRequest, type Unreadable } from "./request.ts";
import { DEFAULT_TARGET, readStanza, type Stanza } from "./stanza.ts";

/** The version of cni-tap, put here by the build. */
declare const BUILD: string;

/** What a tap may know of the world. Nothing here changes it; each is asked for at most once, stdin before the clock. */
export type World = Pick<Host, "env" | "isTerminal" | "pid" | "now" | "readInput" | "text">;

const NOTHING = { reply: [], line: null, complaints: [], usage: false, exitCode: 0 } as const;
const NO_COMMAND = "env CNI_COMMAND not found";
const NO_CONTAINER_ID = "env CNI_CONTAINERID not found";
const VERSION_BYTES = 64;
const NO_INPUT: Shown = { redact: true, secrets: [], overflow: false };

/** One call of a CNI plugin that changes nothing and hands on what it was given. */
export function tap(role: Role, world: World): Outcome {
  const command = world.env("CNI_COMMAND");
  if (!command) return world.isTerminal() ? { ...NOTHING, usage: true } : refuseNoCommand();
  if (command === "VERSION")
    return { ...NOTHING, reply: versionReply(world.isTerminal() ? null : readRequest(world)) };

  const variables = readVariables(command, world);
  const request = readRequest(world);
  if ("reason" in request) return unreadableOutcome(variables, request);

  const stanza = readStanza(request.member, request.text);
  const shown = request.shown(stanza.redact);
  const content = contentOf(role, variables, request, stanza);
  const fault = content?.kind === "note" && command !== "DEL";
  return {
    reply: fault
      ? errorReply(ErrorCode.invalidEnvironment, NO_CONTAINER_ID, request)
      : command === "ADD"
        ? addReply(request)
        : [],
    line: content && {
      // STATUS is polled: it must wait for nobody.
      target: command === "STATUS" ? { ...stanza.target, lockFile: null } : stanza.target,
      flatten: request.rawNewline,
      pieces:
        stanza.logFormat === "json"
          ? jsonLine(variables, readDetails(role, world, request, stanza), content, shown)
          : classicLine(variables, content, shown),
    },
    complaints: stanza.complaints,
    usage: false,
    exitCode: fault ? 1 : 0,
  };
}

function readVariables(command: string, world: World): Variables {
  return {
    command,
    containerId: world.env("CNI_CONTAINERID"),
    netns: world.env("CNI_NETNS"),
    ifname: world.env("CNI_IFNAME"),
    args: world.env("CNI_ARGS"),
    traceparent: world.env("TRACEPARENT"),
    tracestate: world.env("TRACESTATE"),
  };
}

function readDetails(role: Role, world: World, request: Request, stanza: Stanza): Details {
  return {
    tap: role,
    build: BUILD,
    pid: world.pid(),
    time: world.now(),
    network: request.string("name"),
    cniVersion: request.string("cniVersion"),
    label: stanza.label,
  };
}

/** Whether prevResult is there and says something; `null` says nothing. */
function prevResultOf(request: Request): Span | null {
  const span = request.member("prevResult");
  return span !== null && request.text({ start: span.start, end: span.start + 1 }) !== "n" ? span : null;
}

/** What the call's line tells; null for no line. A note is a fault of the environment. */
function contentOf(role: Role, variables: Variables, request: Request, stanza: Stanza): Content | null {
  const input: Content = { kind: "input", span: request.span };
  const json = stanza.logFormat === "json";
  const noId = { kind: "note", text: NO_CONTAINER_ID } as const;
  switch (variables.command) {
    case "ADD": {
      if (!variables.containerId) return noId;
      const result = role === "post" ? prevResultOf(request) : null;
      return result ? { kind: "output", span: result } : input;
    }
    case "CHECK":
      if (!variables.containerId) return noId;
      return json ? input : null;
    case "DEL":
      if (!variables.containerId) return noId;
      return json || role === "post" ? input : null;
    case "STATUS":
      return json && stanza.logStatus ? input : null;
    default:
      return json ? input : null;
  }
}

function addReply(request: Request): Pieces {
  const result = prevResultOf(request);
  if (result) return [result.start, result.end];
  const version = request.string("cniVersion");
  return version ? ['{"cniVersion":', version.start, version.end, "}"] : ["{}"];
}

function errorReply(code: ErrorCode, msg: string, request: Request | null): Pieces {
  const version = request?.string("cniVersion");
  const tail = errorObjectTail(code, msg);
  return version
    ? ['{"cniVersion":', version.start, version.end, tail]
    : [`{"cniVersion":"${LATEST_CNI_VERSION}"${tail}`];
}

/** SPEC 1.1.0, section 2, VERSION; every version is supported, the one asked for too. */
function versionReply(request: Request | Unreadable | null): Pieces {
  const given = request && !("reason" in request) ? request.string("cniVersion") : null;
  // What is longer than any version's text is none of them; it may have megabytes.
  const short = given !== null && given.end - given.start <= VERSION_BYTES;
  const asked = short && request && !("reason" in request) ? request.text(given) : null;
  const list = CNI_VERSIONS.map((version) => `"${version}"`).join(",");
  if (given === null || asked === '""') {
    return [`{"cniVersion":"${LATEST_CNI_VERSION}","supportedVersions":[${list}]}`];
  }
  const reply: Pieces = ['{"cniVersion":', given.start, given.end, `,"supportedVersions":[${list}`];
  const known = asked !== null && CNI_VERSIONS.includes(decodeJsonString(asked));
  if (!known) reply.push(",", given.start, given.end);
  reply.push("]}");
  return reply;
}

function noteLine(text: string): Outcome["line"] {
  const variables: Variables = {
    command: "",
    containerId: null,
    netns: null,
    ifname: null,
    args: null,
    traceparent: null,
    tracestate: null,
  };
  return {
    target: DEFAULT_TARGET,
    flatten: false,
    pieces: classicLine(variables, { kind: "note", text }, NO_INPUT),
  };
}

function refuseNoCommand(): Outcome {
  const reply = errorReply(ErrorCode.invalidEnvironment, NO_COMMAND, null);
  return { ...NOTHING, reply, line: noteLine(NO_COMMAND), exitCode: 1 };
}

/** Standard input cannot be read, so its stanza cannot either: the note goes to the default file. */
function unreadableOutcome(variables: Variables, { reason }: Unreadable): Outcome {
  const { command, containerId } = variables;
  if (command !== "ADD" && command !== "CHECK" && command !== "DEL") return NOTHING;
  const line = noteLine(containerId ? `${reason},${classicVariables(variables, true)}` : NO_CONTAINER_ID);
  if (command === "DEL") return { ...NOTHING, line };
  const reply = containerId
    ? errorReply(ErrorCode.cannotDecode, reason, null)
    : errorReply(ErrorCode.invalidEnvironment, NO_CONTAINER_ID, null);
  return { ...NOTHING, reply, line, exitCode: 1 };
}

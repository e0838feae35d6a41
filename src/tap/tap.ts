import { NO_CONTAINER_ID } from "../cni/error-object.ts";
import type { ByteString } from "../log/byte-string.ts";
import { type Content, classicLine, type Details, jsonLine, type Variables } from "../log/call-line.ts";
import type { Pieces } from "../log/pieces.ts";
import type { SecretRules } from "../log/redact.ts";
import type { Host } from "../native/host.ts";
import { noCommandOutcome, noContainerIdReply, unreadableOutcome } from "./faulty-call.ts";
import { NOTHING, type Outcome, type Role } from "./outcome.ts";
import { type Request, readRequest, type Unreadable } from "./request.ts";
import { readStanzaSettings, type StanzaSettings } from "./stanza-settings.ts";
import { versionReply } from "./version-reply.ts";

/** The version of cni-tap, put here by the build. */
declare const BUILD: string;

/** What a tap may know of the world. Nothing here changes it; stdin is read before the clock. */
export type World = Pick<Host, "env" | "isTerminal" | "pid" | "now" | "readInput" | "text"> & SecretRules;

/** One call of a CNI plugin that changes nothing and hands on what it was given. */
export function tap(role: Role, world: World): Outcome {
  const command = world.env("CNI_COMMAND");
  if (!command) return world.isTerminal() ? { ...NOTHING, usage: true } : noCommandOutcome();
  if (command === "VERSION")
    return { ...NOTHING, reply: versionReply(world.isTerminal() ? null : readRequest(world, false)) };

  const variables = readVariables(command, world);
  const request = readWhatIsLogged(role, command, world);
  if ("fault" in request) return unreadableOutcome(variables, request, world);

  const stanza = readStanzaSettings(request.member, request.text);
  const redaction = request.redaction(stanza.redact);
  const content = contentOf(role, variables, request, stanza);
  const fault = content?.kind === "note" && command !== "DEL";
  return {
    reply: fault ? noContainerIdReply(request) : command === "ADD" ? addReply(request) : [],
    line: content && {
      // STATUS is polled: it must wait for nobody.
      target: command === "STATUS" ? { ...stanza.target, lockFile: null } : stanza.target,
      flatten: request.rawNewline,
      escapeControls: stanza.logFormat === "json",
      pieces:
        stanza.logFormat === "json"
          ? jsonLine(variables, readDetails(role, world, request, stanza), content, redaction)
          : classicLine(variables, content, redaction),
    },
    complaints: stanza.complaints,
    usage: false,
    exitCode: fault ? 1 : 0,
  };
}

export function readVariables(command: ByteString, world: Pick<World, "env">): Variables {
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

function readDetails(role: Role, world: World, request: Request, stanza: StanzaSettings): Details {
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

/** Only what is logged is searched for secrets: prevResult where there is one to log, else the whole request. */
function readWhatIsLogged(role: Role, command: ByteString, world: World): Request | Unreadable {
  if (role === "post" && command === "ADD") {
    const request = readRequest(world, false);
    if ("fault" in request || request.prevResult()) return request;
  }
  return readRequest(world, true);
}

/** What the call's line tells; null for no line. A note is a fault of the environment. */
function contentOf(
  role: Role,
  variables: Variables,
  request: Request,
  stanza: StanzaSettings,
): Content | null {
  const input: Content = { kind: "input", span: request.span };
  const json = stanza.logFormat === "json";
  const noId = { kind: "note", text: NO_CONTAINER_ID } as const;
  switch (variables.command) {
    case "ADD": {
      if (!variables.containerId) return noId;
      const result = role === "post" ? request.prevResult() : null;
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
  const result = request.prevResult();
  if (result) return [result.start, result.end];
  const version = request.string("cniVersion");
  return version ? ['{"cniVersion":', version.start, version.end, "}"] : ["{}"];
}

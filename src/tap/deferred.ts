import { ErrorCode, errorObjectTail, NO_COMMAND, NO_CONTAINER_ID } from "../cni/error-object.ts";
import { CNI_VERSIONS, LATEST_CNI_VERSION } from "../cni/versions.ts";
import { asByteString, decodeJsonString } from "../log/byte-string.ts";
import { classicLine, classicVariables, type Redaction, type Variables } from "../log/call-line.ts";
import { UNFIT } from "../log/fitness.ts";
import type { Pieces } from "../log/pieces.ts";
import { DEFAULT_TARGET, type LogTarget } from "../log/target.ts";
import { FAULTS, type Host, SCAN_ERRORS } from "../native/host.ts";
import { NOTHING, type Outcome } from "./outcome.ts";
import type { Request, Unreadable } from "./request.ts";

export { usage } from "./usage.ts";

/*
 * What few calls need: VERSION, faults and complaints. A script of its own, which the executable reads only then: a
 * fifth of a call's time went into reading it.
 */

/** What `run` and `tap` may ask for. */
export type Deferred = typeof import("./deferred.ts");

const VERSION_BYTES = 64;
const NO_INPUT: Redaction = { redact: true, secrets: [], overflow: false };

function errorReply(code: ErrorCode, msg: string, request: Request | null): Pieces {
  const version = request?.string("cniVersion");
  const tail = errorObjectTail(code, msg);
  return version
    ? ['{"cniVersion":', version.start, version.end, tail]
    : [`{"cniVersion":"${LATEST_CNI_VERSION}"${tail}`];
}

/** The error object of an ADD or CHECK without a container ID. */
export function noContainerIdReply(request: Request | null): Pieces {
  return errorReply(ErrorCode.invalidEnvironment, NO_CONTAINER_ID, request);
}

/** SPEC 1.1.0, section 2, VERSION; every version is supported, the one asked for too. */
export function versionReply(request: Request | Unreadable | null): Pieces {
  const given = request && !("fault" in request) ? request.string("cniVersion") : null;
  // What is longer than any version's text is none of them; it may have megabytes.
  const short = given !== null && given.end - given.start <= VERSION_BYTES;
  const asked = short && request && !("fault" in request) ? request.text(given) : null;
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
    command: asByteString(""),
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

export function noCommandOutcome(): Outcome {
  const reply = errorReply(ErrorCode.invalidEnvironment, NO_COMMAND, null);
  return { ...NOTHING, reply, line: noteLine(NO_COMMAND), exitCode: 1 };
}

/** Standard input cannot be read, so its stanza cannot either: the note goes to the default file. */
export function unreadableOutcome(variables: Variables, { fault, at }: Unreadable): Outcome {
  const { command, containerId } = variables;
  if (command !== "ADD" && command !== "CHECK" && command !== "DEL") return NOTHING;
  const reason = `stdin is not JSON: ${SCAN_ERRORS[fault]?.[1]} at byte ${at}`;
  const line = noteLine(containerId ? `${reason},${classicVariables(variables, true)}` : NO_CONTAINER_ID);
  if (command === "DEL") return { ...NOTHING, line };
  const reply = containerId
    ? errorReply(ErrorCode.cannotDecode, reason, null)
    : errorReply(ErrorCode.invalidEnvironment, NO_CONTAINER_ID, null);
  return { ...NOTHING, reply, line, exitCode: 1 };
}

/** A file in a complaint: its key, and its path only where that is the default and so no user's value. */
function nameFile(target: LogTarget, key: "logFile" | "lockFile"): string {
  return target[key] === DEFAULT_TARGET[key] ? `${key} ${DEFAULT_TARGET[key]}` : key;
}

/** Faults of the log, each as a complaint. */
export function describeFaults(host: Host, target: LogTarget, faults: readonly number[]): string[] {
  const texts: string[] = [];
  for (let at = 0; at < faults.length; at += 2) {
    const [, message, kind] = FAULTS[faults[at] ?? 0] ?? ["", "Cannot write to {log}: {}", "none"];
    const detail = faults[at + 1] ?? 0;
    const seen = kind === "errno" ? host.errorText(detail) : (UNFIT[detail]?.[1] ?? "");
    texts.push(
      message
        .replace("{lock}", nameFile(target, "lockFile"))
        .replace("{log}", nameFile(target, "logFile"))
        .replace("{ms}", String(target.lockTimeoutMs))
        .replace("{}", seen),
    );
  }
  return texts;
}

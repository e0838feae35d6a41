import { ErrorCode, errorObjectTail, NO_COMMAND, NO_CONTAINER_ID } from "../cni/error-object.ts";
import { LATEST_CNI_VERSION } from "../cni/versions.ts";
import { classicVariables, type Span, type Variables } from "../log/call-line.ts";
import type { Pieces } from "../log/pieces.ts";
import type { SecretRules } from "../log/redact.ts";
import { DEFAULT_TARGET, type LogTarget } from "../log/target.ts";
import { SCAN_ERRORS } from "../native/host.ts";
import { type Line, NOTHING, type Outcome } from "./outcome.ts";
import type { Request, Unreadable } from "./request.ts";

/* Calls that are not legal calls of a CNI plugin. */

/** An error object (SPEC 1.1.0, section 5) of the request's version, the latest if it has none. */
export function errorReply(code: ErrorCode, msg: string, version: Span | null): Pieces {
  const tail = errorObjectTail(code, msg);
  return version
    ? ['{"cniVersion":', version.start, version.end, tail]
    : [`{"cniVersion":"${LATEST_CNI_VERSION}"${tail}`];
}

/** The error object of an ADD or CHECK without a container ID. */
export function noContainerIdReply(request: Request): Pieces {
  return errorReply(ErrorCode.invalidEnvironment, NO_CONTAINER_ID, request.string("cniVersion"));
}

/** A note as a classic line. */
export function noteLine(text: string, target: LogTarget = DEFAULT_TARGET): Line {
  return { target, flatten: false, escapeControls: false, pieces: [`${text}\n`] };
}

export function noCommandOutcome(): Outcome {
  const reply = errorReply(ErrorCode.invalidEnvironment, NO_COMMAND, null);
  return { ...NOTHING, reply, line: noteLine(NO_COMMAND), exitCode: 1 };
}

/** Standard input cannot be read, so its stanza cannot either: the note goes to the default file. */
export function unreadableOutcome(
  variables: Variables,
  { fault, at }: Unreadable,
  rules: SecretRules,
): Outcome {
  const { command, containerId } = variables;
  if (command !== "ADD" && command !== "CHECK" && command !== "DEL") return NOTHING;
  const reason = `stdin is not JSON: ${SCAN_ERRORS[fault]?.[1]} at byte ${at}`;
  const shown = classicVariables(variables, { redact: true, rules });
  const line = noteLine(containerId ? `${reason},${shown}` : NO_CONTAINER_ID);
  if (command === "DEL") return { ...NOTHING, line };
  const reply = containerId
    ? errorReply(ErrorCode.cannotDecode, reason, null)
    : errorReply(ErrorCode.invalidEnvironment, NO_CONTAINER_ID, null);
  return { ...NOTHING, reply, line, exitCode: 1 };
}

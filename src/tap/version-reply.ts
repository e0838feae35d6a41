import { CNI_VERSIONS, LATEST_CNI_VERSION } from "../cni/versions.ts";
import { decodeJsonString } from "../log/byte-string.ts";
import type { Pieces } from "../log/pieces.ts";
import type { Request, Unreadable } from "./request.ts";

const VERSION_BYTES = 64;

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

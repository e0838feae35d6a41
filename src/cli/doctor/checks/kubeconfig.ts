import { join } from "node:path";
import { stanzasOf } from "../../../conflist/delegates.ts";
import { isMembers, type Members, objectsOf, parseJson, textIn } from "../../../log/json.ts";
import { readSmallFile } from "../../../machine/read-small-file.ts";
import type { Root } from "../../../machine/root.ts";
import { type Check, error, type Finding, warning } from "../check.ts";

const MOST_BYTES = 1 << 20;
const MOST_DEPTH = 8;

export const kubeconfig: Check = {
  id: "kubeconfig",
  title: "the kubeconfigs that plugins use are there, and no token in them has expired",
  allowsInstall: true, // it does not touch them
  async run({ used, survey }) {
    const files = new Map<string, string>();
    for (const network of used)
      for (const { type, keys } of stanzasOf(network))
        for (const path of pathsIn(keys, 0)) files.set(path, type);
    const findings: Finding[] = [];
    for (const [path, type] of files) findings.push(...(await judge(survey.root, path, type)));
    return findings;
  },
};

/** The values of all members `kubeconfig` that are paths; what an installer has left open is none. */
function pathsIn(value: unknown, depth: number): string[] {
  if (depth > MOST_DEPTH || typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const isPath = key.toLowerCase() === "kubeconfig" && typeof inner === "string" && inner.startsWith("/");
    return isPath ? [inner] : pathsIn(inner, depth + 1);
  });
}

async function judge(root: Root, path: string, type: string): Promise<Finding[]> {
  const at = join(root.at(path)); // a link is followed, as the plugin does
  const read = readSmallFile(at, MOST_BYTES);
  if (read.kind !== "text") {
    const seen = read.kind === "absent" ? "is not there" : "is no file that can be read";
    return [error(`${path}, which ${type} uses, ${seen}`, again(type))];
  }
  const { parse } = await import("yaml");
  let config: unknown;
  try {
    config = parse(read.text);
  } catch {
    return [warning(`${path}, which ${type} uses, is no YAML`, again(type))]; // its text may be secret
  }
  const users = isMembers(config) ? objectsOf(config.users) : [];
  return users.flatMap(({ user }) => {
    const expired = isMembers(user) ? expiryOf(root, user) : null;
    if (expired === null || expired > Date.now()) return [];
    const when = new Date(expired).toISOString().slice(0, 19);
    return [error(`the token in ${path}, which ${type} uses, expired at ${when}Z`, again(type))];
  });
}

function again(type: string): string {
  return `See why ${type}'s daemon does not write it anew, and restart that daemon on this node; until then no pod of its network starts.`;
}

/** When a user's token expires (RFC 7519, `exp`), in milliseconds since 1970; null if it does not tell. */
function expiryOf(root: Root, user: Members): number | null {
  const file = textIn(user, "tokenFile");
  const read = file === null ? null : readSmallFile(root.at(file), MOST_BYTES);
  const token = textIn(user, "token") ?? (read?.kind === "text" ? read.text.trim() : null);
  const payload = token?.split(".")[1];
  const claims = payload === undefined ? null : parseJson(Buffer.from(payload, "base64url").toString());
  const exp = isMembers(claims) ? claims.exp : null;
  return typeof exp === "number" && Math.abs(exp) < 1e11 ? exp * 1000 : null;
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { memberOf, parseJson } from "../conflist/json.ts";
import type { Root } from "./root.ts";

const CACHE = "/var/lib/cni/results";

/** A pod's attachment as libcni remembers it. */
export interface Attachment {
  /** The file in the cache. */
  readonly file: string;
  /** The plugins of the list that it was made with. */
  readonly types: readonly string[];
}

/** What libcni has cached (`cniCacheV1`): the list of each attachment that has not ended. */
export function cachedAttachments(root: Root): Attachment[] {
  const folder = root.at(CACHE);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return []; // no cache, no attachments
  }
  return names.sort().flatMap((file) => {
    try {
      const { kind, config } = JSON.parse(readFileSync(join(folder, file), "utf8"));
      if (kind !== "cniCacheV1" || typeof config !== "string") return [];
      return [{ file, types: typesOf(Buffer.from(config, "base64").toString("latin1")) }];
    } catch {
      return []; // not whole: libcni does not use it either
    }
  });
}

function typesOf(config: string): string[] {
  const root = parseJson(config);
  if (root.kind !== "object") return [];
  const list = memberOf(root, "plugins");
  const entries = list?.kind === "array" ? list.items : [root];
  return entries.flatMap((entry) => {
    const type = entry.kind === "object" ? memberOf(entry, "type") : undefined;
    return type?.kind === "scalar" && typeof type.value === "string" ? [type.value] : [];
  });
}

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { WRAP_KEY, WRAPPER } from "../conflist/wrapped-plugin.ts";
import { isMembers, type Members, objectsOf, textIn } from "../log/json.ts";
import { readCacheFile } from "../node-state/cache-file.ts";
import { readSmallFile } from "./read-small-file.ts";
import type { Root } from "./root.ts";

/** A pod's attachment in libcni's cache. */
export interface Attachment {
  /** The file in the cache. */
  readonly file: string;
  /** The executables of the list that it was made with, also of wrapped plugins; null if the file cannot be read. */
  readonly types: readonly string[] | null;
}

/** The directory of libcni's cache. */
export const CACHE = "/var/lib/cni/results";

/** A cached result has a few kilobytes. */
const MOST_BYTES = 4 << 20;

/**
 * Reads libcni's cache (`cniCacheV1`), which has the list of each attachment that was not deleted. An empty
 * or broken file is reported too (`types` null): with it, libcni before 1.2.1 fails each DEL of that
 * attachment.
 */
export function cachedAttachments(root: Root): Attachment[] {
  const folder = root.at(CACHE);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return []; // there is no cache
  }
  return names.sort().flatMap((file): Attachment[] => {
    const read = readSmallFile(join(folder, file), MOST_BYTES);
    if (read.kind === "absent") return []; // the pod has just ended
    if (read.kind !== "text") return [{ file, types: null }];
    const { file: cachedFile, config } = readCacheFile({ path: file, ...read }, decodeBase64);
    if (cachedFile.problem !== null) return [{ file, types: null }];
    return config === null ? [] : [{ file, types: typesOf(config) }]; // a bare result, or of a later libcni
  });
}

export function decodeBase64(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}

function typesOf(list: Members): string[] {
  const entries = Array.isArray(list.plugins) ? objectsOf(list.plugins) : [list];
  return entries.flatMap((entry) => {
    const type = textIn(entry, "type");
    if (type === null) return [];
    const keys = type === WRAPPER ? entry[WRAP_KEY] : null;
    const own = isMembers(keys) ? textIn(keys, "type") : null;
    return own === null ? [type] : [type, own];
  });
}

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type JsonValue, memberOf, parseJson } from "../conflist/json.ts";
import { WRAP_KEY, WRAPPER } from "../conflist/wrapped-plugin.ts";
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
    try {
      const { kind, config } = JSON.parse(read.text);
      if (kind !== undefined && kind !== "cniCacheV1") return []; // of a later libcni
      if (kind === undefined) return []; // a bare result of libcni before 0.8
      if (typeof config !== "string") return [{ file, types: null }];
      return [{ file, types: typesOf(Buffer.from(config, "base64").toString("latin1")) }];
    } catch {
      return [{ file, types: null }];
    }
  });
}

function typesOf(config: string): string[] {
  const root = parseJson(config);
  if (root.kind !== "object") return [];
  const list = memberOf(root, "plugins");
  const entries = list?.kind === "array" ? list.items : [root];
  return entries.flatMap((entry) => {
    const type = stringOf(entry, "type");
    if (type === null) return [];
    const wrapped = type === WRAPPER && entry.kind === "object" ? memberOf(entry, WRAP_KEY) : undefined;
    const own = wrapped ? stringOf(wrapped, "type") : null;
    return own === null ? [type] : [type, own];
  });
}

function stringOf(value: JsonValue, name: string): string | null {
  const member = value.kind === "object" ? memberOf(value, name) : undefined;
  return member?.kind === "scalar" && typeof member.value === "string" ? member.value : null;
}

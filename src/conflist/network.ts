import type { ByteString } from "../log/byte-string.ts";
import { ConflistError } from "./conflist-error.ts";
import { type JsonArray, type JsonObject, type JsonValue, memberOf, parseJson } from "./json.ts";

/** A plugin of a network. */
export interface Plugin {
  readonly type: string;
  readonly value: JsonObject;
}

/** A file of the configuration directory, as libcni reads it. */
export interface Network {
  /** The file's name, without its directory. */
  readonly file: string;
  /** The bytes of the file, so that invalid UTF-8 survives an edit. */
  readonly text: ByteString;
  /** Depends on the file name: `.conflist` is a list of plugins; `.conf` and `.json` are a single plugin. */
  readonly kind: "list" | "single";
  readonly name: string;
  /** "" if the file has none; libcni then uses 0.1.0. */
  readonly cniVersion: string;
  readonly plugins: readonly Plugin[];
  /** The array of the list; null for a single plugin, or if there is no `plugins`. */
  readonly array: JsonArray | null;
  /** `loadOnlyInlinedPlugins`: files of the drop-in directory are not read. */
  readonly inlineOnly: boolean;
}

/**
 * Reads a file as libcni 1.3 does (`NetworkConfFromBytes` and `ConfFromBytes`).
 * @throws {ConflistError} `broken` or `invalid`; the caller puts the file name and a colon before the message
 */
export function readNetwork(file: string, text: ByteString): Network {
  const root = parseJson(text);
  if (root.kind !== "object") throw invalid("it is not a JSON object");
  const name = stringOf(root, "name") ?? "";
  const cniVersion = stringOf(root, "cniVersion") ?? "";
  if (!file.endsWith(".conflist")) {
    if (memberOf(root, "plugins") && !memberOf(root, "type")) {
      throw invalid("a list of plugins, but runtimes read a file of this ending as one plugin");
    }
    const plugins = [readPlugin(root, "")];
    return { file, text, kind: "single", name, cniVersion, plugins, array: null, inlineOnly: false };
  }
  if (name === "") throw invalid("it has no name");
  const list = memberOf(root, "plugins");
  if (list && list.kind !== "array") throw invalid("its plugins are not an array");
  const inline = memberOf(root, "loadOnlyInlinedPlugins");
  const inlineOnly = inline?.kind === "scalar" && (inline.value === true || inline.value === "true");
  const plugins = (list?.items ?? []).map((item, at) => readPlugin(item, ` ${at + 1}`));
  return { file, text, kind: "list", name, cniVersion, plugins, array: list ?? null, inlineOnly };
}

function readPlugin(value: JsonValue, at: string): Plugin {
  if (value.kind !== "object") throw invalid(`plugin${at} is not a JSON object`);
  const type = stringOf(value, "type");
  if (!type) throw invalid(`plugin${at} has no type`);
  return { type, value };
}

function stringOf(object: JsonObject, name: string): string | undefined {
  const value = memberOf(object, name);
  if (value === undefined) return undefined;
  if (value.kind !== "scalar" || typeof value.value !== "string")
    throw invalid(`its ${name} is not a string`);
  return value.value;
}

function invalid(what: string): ConflistError {
  return new ConflistError("invalid", what);
}

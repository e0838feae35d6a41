import { isMembers, type Members, parseJson, textIn } from "../log/json.ts";

/** What findings need of a request: its network configuration (SPEC, section 3), without the rest. */
export interface Request {
  readonly type: string | null;
  readonly name: string | null;
  readonly cniVersion: string | null;
  /** The members of `runtimeConfig` that have something in them. */
  readonly runtimeConfig: readonly string[];
  /** The capabilities that the stanza declares. */
  readonly capabilities: readonly string[];
  /** The JSON text of an ADD's; of other commands only whether there is one. `readParts` reads it. */
  readonly prevResult: string | null;
  /** It starts other plugins with networks of their own, as Multus does. */
  readonly meta: boolean;
}

/** Of a DEL's prevResult only its being there matters: one for all saves memory. */
export const THERE = "{}";

/** Null: it is no object. */
export function readRequest(json: string, command: string): Request | null {
  const value = parseJson(json);
  if (!isMembers(value)) return null;
  const { runtimeConfig, capabilities, prevResult } = value;
  return {
    ...{ type: textIn(value, "type"), name: textIn(value, "name"), cniVersion: textIn(value, "cniVersion") },
    runtimeConfig: namesIn(runtimeConfig, hasContent),
    capabilities: namesIn(capabilities, (one) => one === true),
    prevResult: !isMembers(prevResult) ? null : command === "ADD" ? JSON.stringify(prevResult) : THERE,
    meta: "delegates" in value || "clusterNetwork" in value,
  };
}

function namesIn(object: unknown, isWanted: (value: unknown) => boolean): string[] {
  if (!isMembers(object)) return [];
  return Object.entries(object as Members).flatMap(([name, value]) => (isWanted(value) ? [name] : []));
}

function hasContent(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

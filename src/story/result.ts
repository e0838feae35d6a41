import { isMembers, type Members, objectsOf, parseJson, textIn } from "../log/json.ts";
import { Memo } from "./memo.ts";

/** A result of an ADD (SPEC, section 5, "Success"), of any version. */
export interface Result {
  readonly cniVersion: string | null;
  readonly interfaces: readonly { readonly name: string | null; readonly sandbox: string | null }[];
  readonly ips: readonly ResultIp[];
  /** Their destinations. */
  readonly routes: readonly string[];
}

export interface ResultIp {
  /** With its prefix length. */
  readonly address: string;
  readonly gateway: string | null;
  /** The index of its interface; null where there is none. */
  readonly interface: number | null;
}

/** What a plugin or a chain has said. */
export interface Output {
  /** The same string for the same text. */
  readonly json: string;
  readonly isJson: boolean;
  /** Of a JSON string its value. */
  readonly text: string | null;
  /** The parts of any object. */
  readonly parts: Result | null;
  readonly error: ErrorObject | null;
}

/** The plugins of a chain hand on one result, which is also in the requests. */
const OUTPUTS = new Memo<Output>(200, (json) => {
  const value = parseJson(json);
  return {
    ...{ json, isJson: value !== undefined, text: typeof value === "string" ? value : null },
    parts: isMembers(value) ? readParts(value) : null,
    error: readError(value),
  };
});

export function readOutput(json: string): Output {
  return OUTPUTS.get(json);
}

/** Reads a result. Null: it is no object, or it is an error object. */
export function readResult(json: string | null): Result | null {
  if (json === null) return null;
  const { parts, error } = readOutput(json);
  return error === null ? parts : null;
}

/** What is in a result that has been parsed. */
export function readParts(value: Members): Result {
  const old = [value.ip4, value.ip6].filter(isMembers); // up to 0.2.0
  return {
    cniVersion: textIn(value, "cniVersion"),
    interfaces: objectsOf(value.interfaces).map((one) => ({
      name: textIn(one, "name"),
      sandbox: textIn(one, "sandbox"),
    })),
    ips: [
      ...objectsOf(value.ips).map((one) => ipOf(one, "address")),
      ...old.map((one) => ipOf(one, "ip")),
    ].filter(({ address }) => address !== ""),
    routes: [...objectsOf(value.routes), ...old.flatMap(({ routes }) => objectsOf(routes))].flatMap(
      (route) => textIn(route, "dst") ?? [],
    ),
  };
}

function ipOf(one: Members, key: string): ResultIp {
  const at = one.interface;
  return {
    address: textIn(one, key) ?? "",
    gateway: textIn(one, "gateway"),
    interface: typeof at === "number" ? at : null,
  };
}

/** A plugin's error object (SPEC, section 5, "Error"). */
export interface ErrorObject {
  readonly code: number;
  readonly msg: string;
  readonly details: string | null;
}

/** Null: the value is no error object. */
function readError(value: unknown): ErrorObject | null {
  if (!isMembers(value) || typeof value.code !== "number" || typeof value.msg !== "string") return null;
  return { code: value.code, msg: value.msg, details: textIn(value, "details") };
}

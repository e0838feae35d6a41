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
    ...{ isJson: value !== undefined, text: typeof value === "string" ? value : null },
    parts: isMembers(value) ? partsOf(value) : null,
    error: readError(value),
  };
});

export function readOutput(json: string): Output {
  return OUTPUTS.get(json);
}

/** Reads a result, or what stands where one is expected. Null: it is no object. */
export function readParts(json: string | null): Result | null {
  return json === null ? null : readOutput(json).parts;
}

/** Reads a result. Null: it is no object, or it is an error object. */
export function readResult(json: string | null): Result | null {
  if (json === null) return null;
  const { parts, error } = readOutput(json);
  return error === null ? parts : null;
}

/** What is in a result that has been parsed. */
export function partsOf(value: Members): Result {
  const ips: ResultIp[] = [];
  const routes: string[] = [];
  for (const one of objectsOf(value.ips)) addIp(ips, one, "address");
  for (const one of objectsOf(value.routes)) addRoute(routes, one);
  for (const old of [value.ip4, value.ip6]) {
    if (!isMembers(old)) continue; // up to 0.2.0
    addIp(ips, old, "ip");
    for (const one of objectsOf(old.routes)) addRoute(routes, one);
  }
  const interfaces = objectsOf(value.interfaces).map((one) => ({
    name: textIn(one, "name"),
    sandbox: textIn(one, "sandbox"),
  }));
  return { cniVersion: textIn(value, "cniVersion"), interfaces, ips, routes };
}

function addRoute(routes: string[], one: Members): void {
  const dst = textIn(one, "dst");
  if (dst !== null) routes.push(dst);
}

function addIp(ips: ResultIp[], one: Members, key: string): void {
  const address = textIn(one, key);
  const at = one.interface;
  if (address !== null)
    ips.push({ address, gateway: textIn(one, "gateway"), interface: typeof at === "number" ? at : null });
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

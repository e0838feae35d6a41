import { isMembers, objectsOf, parseJson } from "../log/json.ts";
import { readOutput } from "./result.ts";

/** The addresses of a result, with their prefix lengths. */
export function addressesOf(result: string | null): string[] {
  const value = result === null ? null : parseJson(result);
  const ips = isMembers(value) ? objectsOf(value.ips) : [];
  return ips.flatMap(({ address }) => (typeof address === "string" ? [address] : []));
}

/** The code, msg and details of an error object, as one text; none where there is no such object. */
export function errorOf(output: string): string[] {
  const { error } = readOutput(output);
  if (error === null) return [];
  const { code, msg, details } = error;
  return [`code ${code}: ${msg}${details === null ? "" : `: ${details}`}`];
}

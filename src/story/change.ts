import { isMembers, type Members, objectsOf } from "../log/json.ts";

/** The parts of a result (SPEC 1.1.0, section 5, "Success") in words, each `interface eth0`, `IP 10.1.2.3/24`, … */
function partsOf(result: unknown): string[] {
  if (!isMembers(result)) return [];
  const parts: string[] = [];
  for (const one of objectsOf(result.interfaces)) parts.push(`interface ${nameOf(one)}`);
  for (const one of objectsOf(result.ips)) parts.push(`IP ${textOf(one, "address")}`);
  for (const one of objectsOf(result.routes)) parts.push(`route ${textOf(one, "dst")}${via(one)}`);
  if (isMembers(result.dns)) {
    for (const one of arrayOf(result.dns.nameservers)) parts.push(`nameserver ${String(one)}`);
    for (const one of arrayOf(result.dns.search)) parts.push(`DNS search ${String(one)}`);
    if (typeof result.dns.domain === "string" && result.dns.domain !== "")
      parts.push(`DNS domain ${result.dns.domain}`);
  }
  return parts;
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(object: Members, key: string): string {
  const value = object[key];
  return typeof value === "string" ? value : "?";
}

function nameOf(one: Members): string {
  const inPod = typeof one.sandbox === "string" && one.sandbox !== "";
  return `${textOf(one, "name")}${inPod ? " in the pod" : ""}`;
}

function via(route: Members): string {
  return typeof route.gw === "string" ? ` via ${route.gw}` : "";
}

/** What a later result has that an earlier one had not, and the other way round. */
export interface Change {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Compares two results; null counts as an empty one. */
export function changeOf(before: unknown, after: unknown): Change {
  const old = partsOf(before);
  const now = partsOf(after);
  return { added: without(now, old), removed: without(old, now) };
}

function without(parts: readonly string[], others: readonly string[]): string[] {
  const rest = [...others];
  return parts.filter((part) => {
    const at = rest.indexOf(part);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

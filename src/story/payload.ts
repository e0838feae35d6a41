/** The value of a JSON text; null if it is none. */
export function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The addresses of a result, with their prefix lengths. */
export function addressesOf(result: string | null): string[] {
  const value = result === null ? null : parse(result);
  const ips: readonly unknown[] = isObject(value) && Array.isArray(value.ips) ? value.ips : [];
  return ips.flatMap((ip) => (isObject(ip) && typeof ip.address === "string" ? [ip.address] : []));
}

/** The code, msg and details of an error object (SPEC 1.1.0, section 5, "Error"). */
export function errorOf(output: string): string[] {
  const value = parse(output);
  if (!isObject(value) || typeof value.code !== "number" || typeof value.msg !== "string") return [];
  const details = typeof value.details === "string" && value.details !== "" ? `: ${value.details}` : "";
  return [`code ${value.code}: ${value.msg}${details}`];
}

export type Members = Readonly<Record<string, unknown>>;

/** The value of a JSON text; undefined if it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The objects of a list; none if it is no list. */
export function objectsOf(value: unknown): Members[] {
  return Array.isArray(value) ? value.filter(isMembers) : [];
}

/** A member that is a string with something in it. */
export function textIn(object: Members, key: string): string | null {
  const value = object[key];
  return typeof value === "string" && value !== "" ? value : null;
}

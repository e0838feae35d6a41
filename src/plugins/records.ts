import { shorten } from "./excerpt.ts";
import { readYaml, type YamlValue } from "./yaml.ts";

/** The types of a record's fields, named as in Go. */
export type FieldKind = "string" | "uint64" | "int";
export type Kinds = Readonly<Record<string, FieldKind>>;
export type RecordOf<F extends Kinds> = { readonly [K in keyof F]: F[K] extends "string" ? string : bigint };

const RANGES = {
  uint64: [0n, 2n ** 64n - 1n],
  int: [-(2n ** 63n), 2n ** 63n - 1n],
} as const;

/**
 * Reads a YAML list of records as Go's sigs.k8s.io/yaml does, for annotations of the NRI project's plugins:
 * names of fields in any case, unknown ones ignored, the last one counts, numbers and booleans in string fields
 * are text, and what is absent is "" or 0.
 * @param type the name of the struct in Go, for messages
 * @throws Error in Go's words, if it is no such list
 */
export function readRecords<F extends Kinds>(text: string, type: string, fields: F): RecordOf<F>[] {
  const value = readYaml(text);
  if (value === null) return [];
  if (!Array.isArray(value)) throw mismatch(value, `Go value of type []main.${type}`);
  return value.map((entry) => readRecord(entry, type, fields));
}

function readRecord<F extends Kinds>(entry: YamlValue, type: string, fields: F): RecordOf<F> {
  const record: Record<string, string | bigint> = {};
  for (const [name, kind] of Object.entries(fields)) record[name] = kind === "string" ? "" : 0n;
  if (entry instanceof Map) {
    // Go's maps become JSON with sorted keys; of "Hard" and "hard" the latter counts.
    for (const [key, value] of [...entry].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const name = Object.keys(fields).find((one) => one.toLowerCase() === key.toLowerCase());
      const kind = name === undefined ? undefined : fields[name];
      if (name === undefined || kind === undefined || value === null) continue;
      record[name] = readField(value, kind, `Go struct field ${type}.${name} of type ${kind}`);
    }
  } else if (entry !== null) throw mismatch(entry, `Go value of type main.${type}`);
  return record as RecordOf<F>; // each field was set above, to the type of its kind
}

function readField(value: YamlValue, kind: FieldKind, target: string): string | bigint {
  if (kind === "string") {
    if (value === null || typeof value === "object") throw mismatch(value, target);
    return String(value);
  }
  if (typeof value !== "bigint" && typeof value !== "number") throw mismatch(value, target);
  const whole = typeof value === "bigint" ? value : Number.isInteger(value) ? BigInt(value) : null;
  const [least, most] = RANGES[kind];
  if (whole === null || whole < least || whole > most) throw mismatch(value, target, ` ${value}`);
  return whole;
}

function mismatch(value: YamlValue, target: string, detail = ""): Error {
  const seen = `${jsonKind(value)}${shorten(detail)}`;
  return new Error(
    `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${seen} into ${target}`,
  );
}

function jsonKind(value: YamlValue): string {
  if (Array.isArray(value)) return "array";
  if (value instanceof Map) return "object";
  if (value === null) return "null";
  return typeof value === "boolean" ? "bool" : typeof value === "string" ? "string" : "number";
}

import { type JsonObject, memberOf, parseJson } from "../conflist/json.ts";
import { decodeJsonString } from "../record/binary.ts";
import { readStanza, STANZA_KEYS } from "../tap/stanza.ts";

/** How the observer logs. */
export interface Settings {
  readonly logFile: string;
  readonly logFormat: "classic" | "json";
  /** 0: no limit. */
  readonly logMaxBytes: number;
  readonly redact: boolean;
  /** A binary string. */
  readonly label: string | null;
}

/** Keys of a tap's stanza, by whomever they were given. */
export type Keys = Readonly<Record<string, unknown>>;

/**
 * Reads keys as a tap reads its stanza: what is missing or wrong is the default, and other keys are somebody else's.
 * `lockFile` may be given and has no effect, as have the keys for taps alone.
 */
export function readSettings(keys: Keys): {
  readonly settings: Settings;
  readonly complaints: readonly string[];
} {
  const text = toBinary(JSON.stringify(shallow(keys)));
  const object: JsonObject = asObject(text);
  const slice = ({ start, end }: { readonly start: number; readonly end: number }) => text.slice(start, end);
  const { target, logFormat, redact, label, complaints } = readStanza(
    (key) => memberOf(object, key) ?? null,
    slice,
  );
  const settings = {
    logFile: fromBinary(target.logFile),
    logFormat,
    logMaxBytes: target.logMaxBytes,
    redact,
    label: label && decodeJsonString(slice(label)),
  };
  return { settings, complaints };
}

/** The keys that count. None of them is a list or an object: what is in one does not matter, and may have no end. */
function shallow(keys: Keys): Keys {
  const values = STANZA_KEYS.filter((key) => Object.hasOwn(keys, key)).map((key): [string, unknown] => {
    const value = keys[key];
    if (Array.isArray(value)) return [key, []];
    return [key, typeof value === "object" && value !== null ? {} : value];
  });
  return Object.fromEntries(values);
}

function asObject(text: string): JsonObject {
  const value = parseJson(text);
  if (value.kind !== "object") throw new TypeError("keys are an object");
  return value;
}

/** A text's UTF-8, one character a byte. */
export function toBinary(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function fromBinary(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString();
}

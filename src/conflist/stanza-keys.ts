import { asByteString, type ByteString, encodeUtf8 } from "../log/byte-string.ts";
import type { Span } from "../log/call-line.ts";
import { readStanzaSettings, STANZA_KEYS, type StanzaSettings } from "../tap/stanza-settings.ts";
import { memberOf, parseJson } from "./json.ts";

/** Keys of a tap's stanza with unchecked values. */
export type Keys = Readonly<Record<string, unknown>>;

/** Reads keys as a tap does: a missing or wrong value becomes its default, other keys are ignored. */
export function readKeys(keys: Keys): {
  readonly stanza: StanzaSettings;
  readonly text: (span: Span) => ByteString;
} {
  const json = encodeUtf8(JSON.stringify(shallow(keys)));
  const object = parseJson(json);
  const text = ({ start, end }: Span) => asByteString(json.slice(start, end));
  const spanOf = (key: string) => (object.kind === "object" && memberOf(object, key)) || null;
  return { stanza: readStanzaSettings(spanOf, text), text };
}

/** Only a tap's own keys. Arrays and objects, never valid, are emptied, since they may contain cycles. */
function shallow(keys: Keys): Keys {
  const values = STANZA_KEYS.filter((key) => Object.hasOwn(keys, key)).map((key): [string, unknown] => {
    const value = keys[key];
    if (Array.isArray(value)) return [key, []];
    return [key, typeof value === "object" && value !== null ? {} : value];
  });
  return Object.fromEntries(values);
}

const STRINGS: readonly string[] = ["logFile", "lockFile", "logFormat", "label"];

/** What a key of a tap's stanza must look like on a command line. */
export const SETTING_EXPECTED = `Expected KEY=VALUE, where KEY is one of ${STANZA_KEYS.join(", ")}.`;

/** Reads KEY=VALUE as on a command line; null if it is not of this form. The value is not checked. */
export function parseSetting(text: string): readonly [key: string, value: string | number | boolean] | null {
  const cut = text.indexOf("=");
  const key = text.slice(0, cut);
  if (cut < 0 || !STANZA_KEYS.some((known) => known === key)) return null;
  return [key, readSetting(key, text.slice(cut + 1))];
}

function readSetting(key: string, text: string): string | number | boolean {
  if (STRINGS.includes(key)) return text;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "number" || typeof value === "boolean") return value;
  } catch {
    // Not JSON: it stays a string, which its reader refuses.
  }
  return text;
}

/** What a tap would complain about, if these were the keys of its stanza. */
export function checkedKeys(keys: Keys): readonly string[] {
  return readKeys(keys).stanza.complaints;
}

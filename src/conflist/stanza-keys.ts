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

import type { ByteString } from "../log/byte-string.ts";
import type { Span } from "../log/call-line.ts";
import type { Scan } from "../native/host.ts";
import {
  readStanzaSettings,
  STANZA_KEYS,
  type StanzaSettings,
  typeOf,
  wrongValue,
} from "../tap/stanza-settings.ts";

/** The keys of `cniTap`, and of cni-tap.json, that cni_wrap reads. */
export const SETTINGS_KEYS = ["type", "delegates", ...STANZA_KEYS] as const;
type Key = (typeof SETTINGS_KEYS)[number];

/** Made while the executable is built. */
const INDEX = Object.fromEntries(SETTINGS_KEYS.map((name, index) => [name, index])) as Record<Key, number>;

export interface WrapSettings {
  /** The plugin's type, a JSON string; null if there is none. */
  readonly type: Span | null;
  /** Whether the plugin's own plugins are to be wrapped. */
  readonly delegates: boolean;
  readonly stanza: StanzaSettings;
  readonly complaints: readonly string[];
}

/** The last member of a name, by its index in what was scanned for. */
export function memberOf(scan: Scan, index: number): Span | null {
  const end = scan.members[2 * index + 1] ?? 0;
  return end === 0 ? null : { start: scan.members[2 * index] ?? 0, end };
}

/** Reads settings. `scan` has SETTINGS_KEYS; null, or one with an error, has the defaults. */
export function readSettings(scan: Scan | null, text: (span: Span) => ByteString): WrapSettings {
  const member = (key: Key): Span | null =>
    scan === null || scan.error !== 0 ? null : memberOf(scan, INDEX[key]);
  const firstOf = (span: Span) => text({ start: span.start, end: span.start + 1 });
  const stanza = readStanzaSettings(member, text);
  const complaints = stanza.complaints.slice();
  const type = member("type");
  const delegates = member("delegates");
  const kind = delegates === null ? "boolean" : typeOf(firstOf(delegates));
  if (kind !== "boolean") complaints.push(wrongValue("delegates", "true or false", kind));
  return {
    type: type !== null && firstOf(type) === '"' ? type : null,
    delegates: delegates !== null && firstOf(delegates) === "t",
    stanza,
    complaints,
  };
}

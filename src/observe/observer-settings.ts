import { type Keys, readKeys } from "../conflist/stanza-keys.ts";
import { type ByteString, decodeJsonString } from "../log/byte-string.ts";
import type { LogTarget } from "../log/target.ts";

/** How the observer logs. */
export interface Settings {
  readonly target: LogTarget & { readonly lockFile: ByteString };
  readonly logFormat: "classic" | "json";
  readonly redact: boolean;
  readonly label: ByteString | null;
}

/** Reads keys as a tap reads its stanza. Ignores keys that only taps need. */
export function readSettings(keys: Keys): {
  readonly settings: Settings;
  readonly complaints: readonly string[];
} {
  const { stanza, text } = readKeys(keys);
  const { target, logFormat, redact, label, complaints } = stanza;
  return {
    settings: { target, logFormat, redact, label: label && decodeJsonString(text(label)) },
    complaints,
  };
}

import { type Keys, readKeys } from "../conflist/stanza-keys.ts";
import { type ByteString, decodeJsonString, decodeUtf8 } from "../log/byte-string.ts";

/** How the observer logs. */
export interface Settings {
  readonly logFile: string;
  readonly logFormat: "classic" | "json";
  /** 0: no limit. */
  readonly logMaxBytes: number;
  readonly redact: boolean;
  readonly label: ByteString | null;
}

/** Reads keys as a tap reads its stanza. Ignores `lockFile` and other keys that only taps need. */
export function readSettings(keys: Keys): {
  readonly settings: Settings;
  readonly complaints: readonly string[];
} {
  const { stanza, text } = readKeys(keys);
  const { target, logFormat, redact, label, complaints } = stanza;
  const settings = {
    logFile: decodeUtf8(target.logFile),
    logFormat,
    logMaxBytes: target.logMaxBytes,
    redact,
    label: label && decodeJsonString(text(label)),
  };
  return { settings, complaints };
}

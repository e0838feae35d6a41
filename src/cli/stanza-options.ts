import { InvalidArgumentError } from "commander";
import { parseSetting, readKeys, SETTING_EXPECTED } from "../conflist/stanza-keys.ts";
import type { StanzaEntry } from "../conflist/tap-entries.ts";
import { DEFAULT_TARGET } from "../log/target.ts";
import { UsageError } from "./cli-error.ts";

const DEFAULTS: Readonly<Record<string, unknown>> = {
  ...DEFAULT_TARGET,
  logFormat: "classic",
  logStatus: false,
  redact: true,
};

/** Parses KEY=VALUE of --set and adds it to the earlier ones. */
export function collectSetting(text: string, before: StanzaEntry = {}): StanzaEntry {
  const setting = parseSetting(text);
  if (!setting) throw new InvalidArgumentError(SETTING_EXPECTED);
  return { ...before, [setting[0]]: setting[1] };
}

/** Combines the keys from their own options and from --set, which takes precedence. */
export function givenKeys(
  options: Readonly<Record<string, string | undefined>>,
  set: StanzaEntry = {},
): StanzaEntry {
  const given: Record<string, string> = {};
  for (const [key, value] of Object.entries(options)) if (value !== undefined) given[key] = value;
  return { ...given, ...set };
}

/** @throws {UsageError} if a tap would complain about a key */
export function checkKeys(keys: StanzaEntry): void {
  const { complaints } = readKeys(keys).stanza;
  if (complaints.length > 0) throw new UsageError(complaints.join("; "));
}

/**
 * The keys for a tap's entry: those that differ from the tap's defaults.
 * @throws {UsageError} if a tap would complain about a key
 */
export function stanzaOf(keys: StanzaEntry): StanzaEntry {
  checkKeys(keys);
  return Object.fromEntries(Object.entries(keys).filter(([key, value]) => DEFAULTS[key] !== value));
}

/** The log file of a tap with this entry. */
export function logFileOf(entry: Readonly<Record<string, unknown>>): string {
  return typeof entry.logFile === "string" ? entry.logFile : DEFAULT_TARGET.logFile;
}

export function lockFileOf(entry: Readonly<Record<string, unknown>>): string {
  return typeof entry.lockFile === "string" ? entry.lockFile : DEFAULT_TARGET.lockFile;
}

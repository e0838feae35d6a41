import type { StanzaEntry } from "./tap-entries.ts";

/** Where cnitap's record is. */
export const RECORD_PATH = "/var/lib/cni-tap/wanted.json";

export type InstallMode = "both" | "post" | "drop-in" | "wrap";

/** The wanted state of one network, recorded by `cnitap install`. */
export interface Installation {
  readonly confDir: string;
  readonly network: string;
  /** The file that has the taps: the network's own, a list made from it, or `<network>/99-cni_post.conf`. */
  readonly file: string;
  readonly mode: InstallMode;
  readonly binDir: string;
  readonly pre: StanzaEntry | null;
  readonly post: StanzaEntry | null;
  /** The keys of each wrapped plugin, with `delegates`. */
  readonly wrap?: StanzaEntry;
  /** The plugins that are wrapped, by type; missing for all. */
  readonly only?: readonly string[];
  /** The single plugin's file that the list was made from. */
  readonly source?: string;
  /** Hash of the network's file without taps, or of `source` if there is one. */
  readonly original: string;
}

/** Parses cnitap's record. Returns null if `encodeInstallations` did not write it. */
export function parseInstallations(text: string): Installation[] | null {
  try {
    const { v, networks } = JSON.parse(text);
    if (v !== 1 || !Array.isArray(networks) || !networks.every(isInstallation)) return null;
    return networks.map((one) => ({ ...one, pre: one.pre ?? null, post: one.post ?? null }));
  } catch {
    return null;
  }
}

/** The keys that the taps of a network log with; null if it has none. */
export function recordedKeys({ pre, post, wrap }: Installation): StanzaEntry | null {
  return post ?? pre ?? wrap ?? null;
}

/** The keys of the first network whose taps log; empty if none does. */
export function firstRecordedKeys(networks: readonly Installation[]): StanzaEntry {
  for (const installation of networks) {
    const keys = recordedKeys(installation);
    if (keys) return keys;
  }
  return {};
}

export function encodeInstallations(networks: readonly Installation[]): string {
  return `${JSON.stringify({ v: 1, networks }, null, 2)}\n`;
}

/** The record with the entry of one network added or replaced; null removes it. */
export function withInstallation(
  networks: readonly Installation[],
  key: Pick<Installation, "confDir" | "network">,
  installation: Installation | null,
): Installation[] {
  const matches = (one: Installation) => one.confDir === key.confDir && one.network === key.network;
  if (!installation) return networks.filter((one) => !matches(one));
  if (!networks.some(matches)) return [...networks, installation];
  return networks.map((one) => (matches(one) ? installation : one));
}

function isInstallation(value: unknown): value is Installation {
  if (typeof value !== "object" || value === null) return false;
  const entries = Object.fromEntries(Object.entries(value));
  const strings = ["confDir", "network", "file", "mode", "binDir", "original"];
  return (
    strings.every((key) => typeof entries[key] === "string") &&
    isStanza(entries.pre) &&
    isStanza(entries.post) &&
    (entries.wrap === undefined || (entries.wrap !== null && isStanza(entries.wrap))) &&
    (entries.only === undefined || isStrings(entries.only)) &&
    (entries.source === undefined || typeof entries.source === "string")
  );
}

/** Does not check the keys of the stanza; their readers do. */
function isStanza(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "object" && !Array.isArray(value));
}

function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

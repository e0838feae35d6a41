import type { StanzaEntry } from "./tap-entries.ts";

export type InstallMode = "both" | "post" | "drop-in";

/** What one network is to have, as `cnitap install` was told. */
export interface Installation {
  readonly confDir: string;
  readonly network: string;
  /** The file that has the taps: the network's own, a list made from it, or `<network>/99-cni_post.conf`. */
  readonly file: string;
  readonly mode: InstallMode;
  readonly binDir: string;
  readonly pre: StanzaEntry | null;
  readonly post: StanzaEntry | null;
  /** The single plugin's file from which the list was made. */
  readonly source?: string;
  /** Hash of the network's file without taps; of `source` where there is one. */
  readonly original: string;
}

/** The text of cnitap's record; null where it is not what `encodeInstallations` writes. */
export function parseInstallations(text: string): Installation[] | null {
  try {
    const { v, networks } = JSON.parse(text);
    if (v !== 1 || !Array.isArray(networks) || !networks.every(isInstallation)) return null;
    return networks.map((one) => ({ ...one, pre: one.pre ?? null, post: one.post ?? null }));
  } catch {
    return null;
  }
}

export function encodeInstallations(networks: readonly Installation[]): string {
  return `${JSON.stringify({ v: 1, networks }, null, 2)}\n`;
}

/** The record with one network's part put in place of what there was; null takes it out. */
export function withInstallation(
  networks: readonly Installation[],
  key: Pick<Installation, "confDir" | "network">,
  installation: Installation | null,
): Installation[] {
  const isMeant = (one: Installation) => one.confDir === key.confDir && one.network === key.network;
  if (!installation) return networks.filter((one) => !isMeant(one));
  if (!networks.some(isMeant)) return [...networks, installation];
  return networks.map((one) => (isMeant(one) ? installation : one));
}

function isInstallation(value: unknown): value is Installation {
  if (typeof value !== "object" || value === null) return false;
  const entries = Object.fromEntries(Object.entries(value));
  const strings = ["confDir", "network", "file", "mode", "binDir", "original"];
  return (
    strings.every((key) => typeof entries[key] === "string") &&
    isStanza(entries.pre) &&
    isStanza(entries.post) &&
    (entries.source === undefined || typeof entries.source === "string")
  );
}

/** What a tap's entry is to say is checked by whoever reads its keys. */
function isStanza(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "object" && !Array.isArray(value));
}

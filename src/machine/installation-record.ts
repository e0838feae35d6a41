import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { StanzaEntry } from "../conflist/tap-entries.ts";
import { bufferOf } from "./conf-dir.ts";
import { cannot, codeOf, MachineError } from "./machine-error.ts";
import type { Root } from "./root.ts";

export const RECORD_PATH = "/var/lib/cni-tap/wanted.json";

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

export function readRecord(root: Root): Installation[] {
  const path = root.at(RECORD_PATH);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return [];
    throw cannot(`read ${path}`, error);
  }
  const networks = parse(text);
  if (!networks) {
    throw new MachineError(
      `Cannot read ${path}: it is not what cnitap install writes\nRemove it; what is installed is found without it.`,
    );
  }
  return networks;
}

export function encodeRecord(networks: readonly Installation[]): string {
  return `${JSON.stringify({ v: 1, networks }, null, 2)}\n`;
}

/** The record with one network's part put in place of what there was; null takes it out. */
export function withInstallation(
  networks: readonly Installation[],
  key: Pick<Installation, "confDir" | "network">,
  installation: Installation | null,
): Installation[] {
  const others = networks.filter((one) => one.confDir !== key.confDir || one.network !== key.network);
  if (others.length === networks.length || !installation)
    return installation ? [...others, installation] : others;
  return networks.map((one) =>
    one.confDir === key.confDir && one.network === key.network ? installation : one,
  );
}

export function hashOf(text: string): string {
  return `sha256:${createHash("sha256").update(bufferOf(text)).digest("hex")}`;
}

function parse(text: string): Installation[] | null {
  try {
    const { v, networks } = JSON.parse(text);
    return v === 1 && Array.isArray(networks) && networks.every(isInstallation) ? networks : null;
  } catch {
    return null;
  }
}

function isInstallation(value: unknown): value is Installation {
  if (typeof value !== "object" || value === null) return false;
  const entries = Object.fromEntries(Object.entries(value));
  const strings = ["confDir", "network", "file", "mode", "binDir", "original"];
  return strings.every((key) => typeof entries[key] === "string");
}

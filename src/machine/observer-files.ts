import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { ByteString } from "../log/byte-string.ts";
import { markOf, OBSERVER, UNIT } from "./carried-taps.ts";
import { readText } from "./conf-dir.ts";
import { findNriFolder } from "./nri-folder.ts";
import type { Root } from "./root.ts";
import type { Runtime } from "./runtime.ts";

/** Where the observer is installed. Runtimes launch what is in their directory of NRI plugins. */
export const OBSERVER_PATH = `/usr/local/bin/${OBSERVER}`;
export const UNIT_PATH = `/etc/systemd/system/${UNIT}`;
/** The link that `systemctl enable` makes. */
export const WANTS_PATH = `/etc/systemd/system/multi-user.target.wants/${UNIT}`;
const PLUGIN_NAME = "10-network-logger";

/** A line of the unit that cnitap writes. */
const UNIT_MARK = "# cnitap install --observe writes this file";

/** What is at a path: nothing, what `cnitap install` puts there (of whatever version), or anything else. */
export type Kind = "missing" | "own" | "foreign";

/** The files of an installed observer. Paths are the host's. */
export interface ObserverFiles {
  readonly executable: { readonly path: string; readonly kind: Kind; readonly content: Uint8Array | null };
  readonly unit: { readonly path: string; readonly kind: Kind; readonly text: ByteString | null };
  readonly wants: { readonly path: string; readonly kind: Kind };
  /** In the runtime's directory of NRI plugins. */
  readonly link: { readonly path: string; readonly kind: Kind };
}

export function readObserverFiles(root: Root, runtime: Runtime | null): ObserverFiles {
  const content = readExecutable(root);
  const unit = kindOf(root, UNIT_PATH);
  const text = unit === "file" ? readText(root.at(UNIT_PATH)) : null;
  const link = join(findNriFolder(root, runtime), PLUGIN_NAME);
  const mark = content && markOf(content)?.program === OBSERVER;
  return {
    executable: { path: OBSERVER_PATH, kind: own(root, OBSERVER_PATH, mark === true), content },
    unit: { path: UNIT_PATH, kind: own(root, UNIT_PATH, text?.includes(UNIT_MARK) === true), text },
    wants: { path: WANTS_PATH, kind: own(root, WANTS_PATH, targetOf(root, WANTS_PATH) === UNIT_PATH) },
    link: { path: link, kind: own(root, link, targetOf(root, link) === OBSERVER_PATH) },
  };
}

function readExecutable(root: Root): Uint8Array | null {
  if (kindOf(root, OBSERVER_PATH) !== "file") return null;
  try {
    return readFileSync(root.at(OBSERVER_PATH));
  } catch {
    return null; // removed since, or unreadable
  }
}

function own(root: Root, path: string, isOwn: boolean): Kind {
  if (isOwn) return "own";
  return kindOf(root, path) === null ? "missing" : "foreign";
}

function kindOf(root: Root, path: string): "file" | "link" | "other" | null {
  const stat = lstatSync(root.entry(path), { throwIfNoEntry: false });
  if (!stat) return null;
  return stat.isFile() ? "file" : stat.isSymbolicLink() ? "link" : "other";
}

function targetOf(root: Root, path: string): string | null {
  return kindOf(root, path) === "link" ? readlinkSync(root.entry(path)) : null;
}

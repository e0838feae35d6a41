import { lstatSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { WRAPPER } from "../conflist/wrapped-plugin.ts";
import type { ByteString } from "../log/byte-string.ts";
import { readText } from "./conf-dir.ts";
import { codeOf } from "./machine-error.ts";
import type { Root } from "./root.ts";

/** The name of the folder of links in a plugin directory. The wrapper knows it by this name. */
const FOLDER = "cni-tap";
/** The file in it with the keys of what is started by a link. */
const SETTINGS = "cni-tap.json";
/** What each of its links leads to. */
export const LINK_TARGET = `../${WRAPPER}`;

/** The folder of links of a plugin directory: `/opt/cni/bin/cni-tap`. */
export function linkFolderOf(binDir: string): string {
  return join(binDir, FOLDER);
}

export function settingsPath(binDir: string): string {
  return join(linkFolderOf(binDir), SETTINGS);
}

/** Whether a plugin directory is a folder of links, which a runtime may have before or in place of the real one. */
export function isLinkFolder(folder: string): boolean {
  return basename(folder) === FOLDER;
}

/** The directory whose plugins a folder of links stands for. */
export function behindLinks(folder: string): string {
  return isLinkFolder(folder) ? dirname(folder) : folder;
}

/** What is in a folder of links. Names are sorted. */
export interface LinkFolder {
  readonly path: string;
  /** Links to the wrapper. */
  readonly links: readonly string[];
  /** Those that lead nowhere, also of links to other files. */
  readonly dangling: readonly string[];
  /** The text of cni-tap.json; null if it is not there. */
  readonly settings: ByteString | null;
  /** Everything else. */
  readonly foreign: readonly string[];
}

/** Reads the folder of links of a plugin directory; null if there is none. */
export function readLinkFolder(root: Root, binDir: string): LinkFolder | null {
  const path = linkFolderOf(binDir);
  let names: string[];
  try {
    names = readdirSync(root.at(path)).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return null;
    throw error;
  }
  const links = names.filter((name) => isOwnLink(root, join(path, name)));
  const settings = names.includes(SETTINGS) ? readText(root.entry(join(path, SETTINGS))) : null;
  return {
    path,
    links,
    dangling: names.filter((name) => isLink(root, join(path, name)) && !isFile(root.at(join(path, name)))),
    settings,
    foreign: names.filter((name) => !links.includes(name) && (name !== SETTINGS || settings === null)),
  };
}

function isOwnLink(root: Root, path: string): boolean {
  return isLink(root, path) && readlinkSync(root.entry(path)) === LINK_TARGET;
}

function isLink(root: Root, path: string): boolean {
  return lstatSync(root.entry(path), { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** The names of the executables of a plugin directory, sorted. */
export function executablesOf(root: Root, binDir: string): string[] {
  try {
    return readdirSync(root.at(binDir))
      .filter((name) => !name.startsWith("."))
      .filter((name) => isExecutable(root.at(join(binDir, name))))
      .sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return [];
    throw error;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isExecutable(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && (stat.mode & 0o111) !== 0;
}

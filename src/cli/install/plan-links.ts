import { lstatSync } from "node:fs";
import { join } from "node:path";
import { delegatesOf } from "../../conflist/delegates.ts";
import type { Installation } from "../../conflist/installations.ts";
import type { Network } from "../../conflist/network.ts";
import type { StanzaEntry } from "../../conflist/tap-entries.ts";
import { WRAPPER } from "../../conflist/wrapped-plugin.ts";
import { encodeUtf8 } from "../../log/byte-string.ts";
import {
  executablesOf,
  LINK_TARGET,
  linkFolderOf,
  readLinkFolder,
  settingsPath,
} from "../../machine/link-folder.ts";
import type { Step } from "../../machine/step.ts";
import type { Survey } from "../../machine/survey.ts";
import { CliError } from "../cli-error.ts";
import { isLinkFolderUsed, removeLinks } from "../unlink.ts";

/** For which plugins there are links: none, the delegates that are named or known, or every plugin. */
export type Delegates = "none" | "named" | "all";

/** Plugins that other plugins start although no list names them. */
const KNOWN_DELEGATES: readonly string[] = ["calico-ipam", "dhcp", "host-local", "static", "whereabouts"];

/** Steps to be made before the network's file is changed, and after it. */
interface LinkSteps {
  readonly before: readonly Step[];
  readonly after: readonly Step[];
}

/**
 * The steps for the folder of links: made before a list names it, removed after no list does. It stays while the
 * runtime itself looks for plugins in it.
 * @param network the network's list
 * @throws {CliError} if a link cannot be made
 */
export function planLinks(
  survey: Survey,
  installation: Installation,
  network: Network,
  delegates: Delegates,
): LinkSteps {
  const { binDir, wrap } = installation;
  if (wrap && delegates !== "none") {
    return {
      before: linkSteps(survey, binDir, wrap, namesOf(survey, binDir, network, delegates)),
      after: [],
    };
  }
  const others = survey.record.filter(
    (one) => one.confDir !== installation.confDir || one.network !== installation.network,
  );
  const used =
    survey.searchedDirs.includes(linkFolderOf(binDir)) ||
    isLinkFolderUsed(survey, others, (name) => name !== installation.network);
  return { before: [], after: used || !isOfInstall(survey, binDir) ? [] : removeLinks(survey, binDir).steps };
}

/** Whether install has made the folder, whose settings then have `delegates`; or it is what a kill left of it. */
function isOfInstall({ root }: Survey, binDir: string): boolean {
  const folder = readLinkFolder(root, binDir);
  if (!folder) return false;
  if (folder.settings === null) return folder.links.length === 0;
  try {
    return JSON.parse(folder.settings)?.delegates === true;
  } catch {
    return false; // written by hand
  }
}

function namesOf({ root }: Survey, binDir: string, network: Network, delegates: Delegates): string[] {
  const executables = executablesOf(root, binDir);
  const more =
    delegates === "all"
      ? [...executables, WRAPPER]
      : KNOWN_DELEGATES.filter((name) => executables.includes(name));
  return [...new Set([...delegatesOf(network), ...more])].sort();
}

/** The settings first: a link without them would log with other keys. */
function linkSteps(survey: Survey, binDir: string, keys: StanzaEntry, names: readonly string[]): Step[] {
  const path = settingsPath(binDir);
  const text = encodeUtf8(`${JSON.stringify(keys, null, 2)}\n`);
  const folder = readLinkFolder(survey.root, binDir);
  const settings: Step[] = folder?.settings === text ? [] : [{ kind: "settings", path, text }];
  const links = names
    .filter((name) => !folder?.links.includes(name))
    .map((name): Step => {
      const link = join(linkFolderOf(binDir), name);
      if (lstatSync(survey.root.entry(link), { throwIfNoEntry: false })) {
        throw new CliError(
          `Cannot make the link ${link}: something else is there\nRemove it, or use --mode wrap without --delegates.`,
        );
      }
      return { kind: "link", path: link, target: LINK_TARGET };
    });
  return [...settings, ...links];
}

import { join } from "node:path";
import type { Installation } from "../conflist/installations.ts";
import { tapStanzas } from "../conflist/tap-entries.ts";
import { readLinkFolder, settingsPath } from "../machine/link-folder.ts";
import type { Step } from "../machine/step.ts";
import type { Survey } from "../machine/survey.ts";

/** The steps that remove a folder of links, and what they leave in it. */
export interface Unlinking {
  readonly steps: readonly Step[];
  readonly kept: readonly Kept[];
}

/** Something that stays. */
export interface Kept {
  readonly path: string;
  /** As a clause. */
  readonly why: string;
}

/**
 * Removes what cnitap puts into the folder of links of a plugin directory, and the folder if it is then empty. The
 * links go before their settings: a link without them would log with other keys.
 */
export function removeLinks({ root }: Survey, binDir: string): Unlinking {
  const folder = readLinkFolder(root, binDir);
  if (!folder || (folder.links.length === 0 && folder.settings === null && folder.foreign.length > 0)) {
    return { steps: [], kept: [] };
  }
  const own = folder.links.map((name) => join(folder.path, name));
  const files = folder.settings === null ? own : [...own, settingsPath(binDir)];
  return {
    steps: [
      ...files.map((path): Step => ({ kind: "remove", path })),
      ...(folder.foreign.length === 0 ? [{ kind: "remove-folder", path: folder.path } as const] : []),
    ],
    kept: folder.foreign.map((name) => ({ path: join(folder.path, name), why: "it is not cnitap's" })),
  };
}

/**
 * Whether an installation or a list has the wrapper use the folder of links.
 * @param record the installations that stay
 * @param stays whether the network of this name stays as it is
 */
export function isLinkFolderUsed(
  { location }: Survey,
  record: readonly Installation[],
  stays: (network: string) => boolean,
): boolean {
  const lists = location.candidates.flatMap(({ network }) => network ?? []).filter(({ name }) => stays(name));
  const keys = [...record.map(({ wrap }) => wrap), ...lists.flatMap(tapStanzas)];
  return keys.some((one) => one?.delegates === true);
}

import { join } from "node:path";
import { tapStanzas } from "../../../conflist/tap-entries.ts";
import {
  executablesOf,
  isLinkFolder,
  LINK_TARGET,
  linkFolderOf,
  readLinkFolder,
} from "../../../machine/link-folder.ts";
import type { Survey } from "../../../machine/survey.ts";
import { type Check, type CheckSubject, error, type Finding, warning } from "../check.ts";

export const links: Check = {
  id: "links",
  title: "the folder of links to cni_wrap is complete",
  allowsInstall: true,
  run(subject) {
    const { survey } = subject;
    return [
      ...survey.binDirs.flatMap((binDir) => danglingLinks(survey, binDir)),
      ...survey.binDirs.flatMap((binDir) => missingLinks(survey, binDir)),
      ...missingFolder(subject),
    ];
  },
};

function danglingLinks({ root }: Survey, binDir: string): Finding[] {
  const folder = readLinkFolder(root, binDir);
  return (folder?.dangling ?? []).map((name) =>
    error(
      `${join(linkFolderOf(binDir), name)} leads nowhere: cni_wrap is not in ${binDir}`,
      "Run cnitap install --mode wrap --delegates, or cnitap uninstall, which removes the links.",
    ),
  );
}

/** Executables without a link, if the runtime looks for plugins nowhere but in the folder of links. */
function missingLinks({ root, searchedDirs, runtime }: Survey, binDir: string): Finding[] {
  const folder = linkFolderOf(binDir);
  if (!searchedDirs.every(isLinkFolder) || !searchedDirs.includes(folder)) return [];
  const names = readLinkFolder(root, binDir);
  const there = [...(names?.links ?? []), ...(names?.foreign ?? [])];
  return executablesOf(root, binDir)
    .filter((name) => !there.includes(name))
    .map((name) =>
      error(
        `${folder} has no link for ${name}, and ${runtime?.name ?? "the runtime"} looks for plugins nowhere else`,
        `ln -s ${LINK_TARGET} ${join(folder, name)}`,
      ),
    );
}

/** Lists whose plugins are told to use the folder, which is not there. */
function missingFolder({ survey, networks }: CheckSubject): Finding[] {
  if (survey.binDirs.some((binDir) => readLinkFolder(survey.root, binDir))) return [];
  return networks
    .filter((network) => tapStanzas(network).some(({ delegates }) => delegates === true))
    .map(({ file }) =>
      warning(
        `${file} has delegates logged, and ${linkFolderOf(survey.binDirs[0] ?? "")} is not there: they run, but are not logged`,
        "Run cnitap install --mode wrap --delegates.",
      ),
    );
}

import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { TEMP_ENDING } from "./atomic-file.ts";
import { lockPath, ownerPath } from "./edit-lock.ts";
import { RECORD_PATH } from "./installation-record.ts";
import { linkFolderOf } from "./link-folder.ts";
import { OBSERVER_PATH, UNIT_PATH } from "./observer-files.ts";
import type { Survey } from "./survey.ts";

/** The lock and temporary files of killed or running commands. */
export function findLeftovers(survey: Survey): string[] {
  const confDir = survey.root.at(survey.confDir);
  const locks = [lockPath(confDir), ownerPath(confDir)];
  const folders = [
    confDir,
    ...survey.binDirs.flatMap((path) => [survey.root.at(path), survey.root.at(linkFolderOf(path))]),
    ...[RECORD_PATH, OBSERVER_PATH, UNIT_PATH].map((path) => dirname(survey.root.at(path))),
  ];
  return folders.flatMap((folder) =>
    namesOf(folder)
      .map((name) => join(folder, name))
      .filter((path) => path.endsWith(TEMP_ENDING) || locks.includes(path)),
  );
}

/** Removes the temporary files. Call it under the lock: otherwise they may belong to a running command. */
export function removeLeftovers(survey: Survey): void {
  for (const path of findLeftovers(survey).filter((one) => one.endsWith(TEMP_ENDING)))
    rmSync(path, { force: true });
}

function namesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // the directory does not exist
  }
}

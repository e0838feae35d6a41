import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { TEMP_ENDING } from "./atomic-file.ts";
import { lockPath, ownerPath } from "./edit-lock.ts";
import { RECORD_PATH } from "./installation-record.ts";
import type { Survey } from "./survey.ts";

/** What a command that was killed has left: its lock, and files that have not taken their place. */
export function findLeftovers(survey: Survey): string[] {
  const confDir = survey.root.at(survey.confDir);
  const locks = [lockPath(confDir), ownerPath(confDir)];
  const folders = [
    confDir,
    ...survey.binDirs.map((path) => survey.root.at(path)),
    dirname(survey.root.at(RECORD_PATH)),
  ];
  return folders.flatMap((folder) =>
    namesOf(folder)
      .map((name) => join(folder, name))
      .filter((path) => path.endsWith(TEMP_ENDING) || locks.includes(path)),
  );
}

/** Takes the files away. Under the lock: else they may be those of a command that lives. */
export function removeLeftovers(survey: Survey): void {
  for (const path of findLeftovers(survey).filter((one) => one.endsWith(TEMP_ENDING)))
    rmSync(path, { force: true });
}

function namesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no folder, nothing left in it
  }
}

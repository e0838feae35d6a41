import { lstatSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Check, type Finding, warning } from "../check.ts";

/** A rotation takes microseconds: what is still there was left by a tap that was killed. */
const ROTATION_MS = 50;
/** What native/core/file.c adds to the name of a file that is to take another one's place. */
const ENDING = /^\.[0-9a-f]{16}$/;

export const logLeftovers: Check = {
  id: "log-leftovers",
  title: "no tap was killed while it rotated the log",
  async run({ logFiles, survey }) {
    const look = () => logFiles.map((path) => filesBeside(survey.root.entry(path)));
    const first = look();
    if (first.every((names) => names.length === 0)) return [];
    await delay(ROTATION_MS);
    const second = look();
    return logFiles.flatMap((path, index): Finding[] => {
      const names = first[index]?.filter((name) => second[index]?.includes(name)) ?? [];
      const left = names.map((name) => join(dirname(path), name));
      if (left.length === 0) return [];
      const count = left.length === 1 ? "a file" : `${left.length} files`;
      return [
        warning(
          `a tap was killed while it rotated ${path}, and left ${count}: ${left.join(", ")}`,
          `An older log may be in there. Remove what you do not need: rm ${left.join(" ")}`,
        ),
      ];
    });
  },
};

/** Names of temporary files of a log, of nobody but us. */
function filesBeside(path: string): string[] {
  const name = basename(path);
  try {
    return readdirSync(dirname(path))
      .filter((one) => one.startsWith(name) && ENDING.test(one.slice(name.length)))
      .filter((one) => isOurs(join(dirname(path), one)))
      .sort();
  } catch {
    return []; // the directory does not exist
  }
}

function isOurs(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return Boolean(stat?.isFile() && (stat.uid === 0 || stat.uid === process.geteuid?.()));
}

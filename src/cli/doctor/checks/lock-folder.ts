import { statSync } from "node:fs";
import { dirname } from "node:path";
import { type Check, warning } from "../check.ts";

export const lockFolder: Check = {
  id: "lock-folder",
  title: "the folder of the taps' lock is there",
  run({ lockFiles, survey }) {
    return lockFiles
      .map((path) => dirname(path))
      .filter((folder) => !statSync(survey.root.at(folder), { throwIfNoEntry: false })?.isDirectory())
      .map((folder) =>
        warning(
          `${folder} is not there; the taps lock the log itself, and complain at each call`,
          "Make it, or name another file with --lock-file /run/cni-tap.lock.",
        ),
      );
  },
};

import { statSync } from "node:fs";
import { dirname } from "node:path";
import { type Check, warning } from "../check.ts";

export const lockFolder: Check = {
  id: "lock-folder",
  title: "the directory of the taps' lock exists",
  run({ lockFiles, survey }) {
    return lockFiles
      .map((path) => dirname(path))
      .filter((folder) => !statSync(survey.root.at(folder), { throwIfNoEntry: false })?.isDirectory())
      .map((folder) =>
        warning(
          `${folder} does not exist; the taps lock the log itself, and complain at each call`,
          "Create it, or specify another file with --lock-file /run/cni-tap.lock.",
        ),
      );
  },
};

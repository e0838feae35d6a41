import { accessSync, constants } from "node:fs";
import { codeOf } from "../../../machine/machine-error.ts";
import { type Check, error } from "../check.ts";

export const binDir: Check = {
  id: "bin-dir",
  title: "the plugin directory is writable",
  run({ survey }) {
    const [folder] = survey.binDirs;
    if (folder === undefined) return [];
    try {
      accessSync(survey.root.at(folder), constants.W_OK);
      return [];
    } catch (failure) {
      const why = codeOf(failure) === "EROFS" ? "read-only" : "not writable by this user";
      return [
        error(
          `${folder} is ${why}`,
          "Configure a writable plugin directory in the runtime, and specify it with --bin-dir.",
        ),
      ];
    }
  },
};

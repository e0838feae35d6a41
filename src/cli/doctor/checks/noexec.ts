import { mountOf } from "../../../machine/mounts.ts";
import { type Check, error } from "../check.ts";

export const noexec: Check = {
  id: "noexec",
  title: "plugins can be executed where they are",
  run({ survey }) {
    return survey.binDirs.flatMap((folder) => {
      const mount = mountOf(survey.root, folder);
      if (!mount?.options.includes("noexec")) return [];
      return [
        error(
          `${folder} is on a mount without execution (noexec, ${mount.point})`,
          "Mount it with exec, or configure another plugin directory in the runtime.",
        ),
      ];
    });
  },
};

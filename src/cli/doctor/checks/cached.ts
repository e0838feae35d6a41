import { existsSync } from "node:fs";
import { join } from "node:path";
import { isProgram } from "../../../conflist/tap-entries.ts";
import { cachedAttachments } from "../../../machine/attachments.ts";
import { type Check, error, warning } from "../check.ts";

export const cached: Check = {
  id: "cached",
  title: "the plugins that running pods were made with are there",
  run({ survey, beforeInstall }) {
    const missing = new Map<string, number>();
    for (const { types } of cachedAttachments(survey.root)) {
      for (const type of new Set(types ?? [])) {
        if (beforeInstall && isProgram(type)) continue;
        if (survey.binDirs.some((folder) => existsSync(survey.root.at(join(folder, type))))) continue;
        missing.set(type, (missing.get(type) ?? 0) + 1);
      }
    }
    const blind = survey.runtime?.name === "containerd"; // it deletes pods with the current list
    return [...missing].map(([type, pods]) => {
      const seen = `${type} is not in ${survey.binDirs.join(", ")}, and ${pods === 1 ? "1 pod was" : `${pods} pods were`} made with it`;
      const advice = "CRI-O cannot end those pods without it: install it again until they have ended.";
      return blind ? warning(seen, advice) : error(seen, advice);
    });
  },
};

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { WRAPPER } from "../../../conflist/wrapped-plugin.ts";
import { loadTaps, versionOf } from "../../../machine/carried-taps.ts";
import type { Survey } from "../../../machine/survey.ts";
import { type Check, type Finding, warning } from "../check.ts";

export const wrapper: Check = {
  id: "wrapper",
  title: "the installed cni_wrap is of this cnitap's version",
  run({ survey, beforeInstall }) {
    if (beforeInstall) return []; // which installs its own
    return survey.binDirs.flatMap((folder): Finding[] => {
      const path = join(folder, WRAPPER);
      const content = read(survey, path);
      if (!content) return [];
      const [installed, own] = [versionOf(content), versionOf(loadTaps()(WRAPPER))];
      if (installed === own) return [];
      return [
        warning(
          `${path} has version ${installed ?? "unknown"}, and this cnitap has ${own ?? "unknown"}`,
          "Run cnitap install --mode wrap with the cnitap of the version that you want.",
        ),
      ];
    });
  },
};

function read({ root }: Survey, path: string): Uint8Array | null {
  try {
    return readFileSync(root.at(path));
  } catch {
    return null; // not there, or no file, which the check of the plugins reports
  }
}

import { statSync } from "node:fs";
import { join } from "node:path";
import { isProgram, modeOf, neededTypes } from "../../../conflist/tap-entries.ts";
import { defaultNetworks } from "../../../machine/survey.ts";
import { type Check, error, type Finding } from "../check.ts";

export const plugins: Check = {
  id: "plugins",
  title: "the plugins of the networks are there",
  run({ networks, survey, beforeInstall }) {
    const taken = defaultNetworks(survey).map(({ network }) => network);
    const read = networks.filter((one) => taken.includes(one) || modeOf(one) !== "none");
    const dropIns = survey.conf.dropIns.some(({ text }) => text?.includes('"cni_post"')) ? ["cni_post"] : [];
    const all = new Set([...read.flatMap(neededTypes), ...dropIns]);
    const types = [...all].filter((type) => !beforeInstall || !isProgram(type));
    return types.flatMap((type): Finding[] => {
      const paths = survey.binDirs.map((folder) => join(folder, type));
      const path = paths.find((one) => statSync(survey.root.at(one), { throwIfNoEntry: false })?.isFile());
      if (path === undefined) {
        const advice = isProgram(type)
          ? type === "cni_wrap"
            ? "Run cnitap install --mode wrap; until then no pod of its network starts or ends."
            : "Run cnitap install."
          : "Install it again; without it no pod of its network starts or ends.";
        return [error(`${type} is not in ${survey.binDirs.join(", ")}`, advice)];
      }
      if ((statSync(survey.root.at(path)).mode & 0o111) !== 0) return [];
      return [error(`${path} is not executable`, `chmod 755 ${path}`)];
    });
  },
};

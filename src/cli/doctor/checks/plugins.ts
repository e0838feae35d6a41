import { statSync } from "node:fs";
import { join } from "node:path";
import { isProgram } from "../../../conflist/tap-entries.ts";
import { type Check, type CheckSubject, error, type Finding } from "../check.ts";
import { listedTypes } from "../started-types.ts";

export const plugins: Check = {
  id: "plugins",
  title: "the plugins of the networks are there",
  run(subject) {
    const types = listedTypes(subject).filter((type) => !isProgram(type));
    return types.flatMap((type) =>
      missing(subject, type, "Install it again; without it no pod of its network starts or ends."),
    );
  },
};

/** The finding about an executable that is not there, or cannot be executed. */
export function missing({ survey }: CheckSubject, type: string, advice: string): Finding[] {
  const paths = survey.binDirs.map((folder) => join(folder, type));
  const path = paths.find((one) => statSync(survey.root.at(one), { throwIfNoEntry: false })?.isFile());
  if (path === undefined) return [error(`${type} is not in ${survey.binDirs.join(", ")}`, advice)];
  if ((statSync(survey.root.at(path)).mode & 0o111) !== 0) return [];
  return [error(`${path} is not executable`, `chmod 755 ${path}`)];
}

import { statSync } from "node:fs";
import { join } from "node:path";
import { delegatesOf } from "../../../conflist/delegates.ts";
import { neededTypes } from "../../../conflist/tap-entries.ts";
import { askVersion } from "../../../machine/ask-version.ts";
import { type Check, type CheckSubject, error, type Finding } from "../check.ts";
import { startedTypes, startsLoopback } from "../started-types.ts";

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export const pluginAnswers: Check = {
  id: "plugin-answers",
  title: "the plugins answer, and know the networks' cniVersion",
  allowsInstall: true, // it does not touch them
  unknown({ survey }) {
    if (survey.root.folder !== "/") return "whether the plugins answer: below --host-root none is started";
    return process.geteuid?.() === 0 ? null : "whether the plugins answer: runtimes start them as root";
  },
  async run(subject) {
    const { survey } = subject;
    if (this.unknown?.(subject) !== null) return [];
    const path = subject.runtimePaths()[0] ?? process.env.PATH ?? SYSTEM_PATH;
    const found = startedTypes(subject).map(async (type): Promise<Finding[]> => {
      const file = survey.binDirs
        .map((folder) => join(folder, type))
        .find((one) => statSync(one, { throwIfNoEntry: false })?.isFile());
      if (file === undefined || (statSync(file).mode & 0o111) === 0) return []; // reported by another check
      const { versions, problem } = await askVersion(file, path);
      if (problem !== null)
        return [error(`${file} ${problem} when it was asked for its versions`, advice(type))];
      return versionsFor(type, subject)
        .filter((one) => !versions.includes(one))
        .map((one) =>
          error(`${file} does not know cniVersion ${one}; it knows ${versions.join(", ")}`, advice(type)),
        );
    });
    return (await Promise.all(found)).flat();
  },
};

function advice(type: string): string {
  return `Install ${type} of the network plugin's current release; until then no pod of its network starts or ends.`;
}

/** The versions that a plugin is called with. */
function versionsFor(type: string, { used, survey }: CheckSubject): string[] {
  const lists = used.filter((network) => [...neededTypes(network), ...delegatesOf(network)].includes(type));
  const named = lists.map(({ cniVersion }) => cniVersion || "0.1.0");
  return [...new Set([...named, ...(type === "loopback" && hasNewLoopback(survey) ? ["1.0.0"] : [])])];
}

/** containerd's own loopback network has cniVersion 1.0.0 since 1.6.4. */
function hasNewLoopback(survey: CheckSubject["survey"]): boolean {
  const version = /^v?(\d+)\.(\d+)/.exec(survey.runtime?.version ?? "");
  const [major, minor] = [Number(version?.[1]), Number(version?.[2])];
  return startsLoopback(survey) && survey.runtime?.name === "containerd" && (major > 1 || minor > 6);
}

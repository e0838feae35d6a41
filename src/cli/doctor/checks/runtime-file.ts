import { type Check, error, warning } from "../check.ts";

export const runtimeFile: Check = {
  id: "runtime-file",
  title: "the runtime has a network to take",
  tell({ survey }) {
    const taken = survey.location.goCni ?? survey.location.ocicni;
    return `pods get the network ${taken?.name} of ${taken?.file}`;
  },
  run({ survey }) {
    const { goCni, ocicni, candidates } = survey.location;
    if (goCni && goCni === ocicni) return [];
    const name = survey.runtimeReads ? survey.runtime?.name : undefined;
    if (candidates.length === 0) {
      return [
        error(
          `there is no network in ${survey.confDir}`,
          "Install a network plugin, or name another folder with --conf-dir.",
        ),
      ];
    }
    if (!ocicni) return [error(`no file in ${survey.confDir} is a network`, "Repair the first one.")];
    const seen = `containerd loads none, since it refuses all for one broken file; CRI-O takes ${ocicni.name} from ${ocicni.file}`;
    const advice = "Repair the broken file, or take it away.";
    return [name === "cri-o" ? warning(seen, advice) : error(seen, advice)];
  },
};

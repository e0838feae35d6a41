import { defaultNetworks } from "../../../machine/survey.ts";
import { type Check, error } from "../check.ts";

export const runtimeFile: Check = {
  id: "runtime-file",
  title: "the runtime finds a network to use",
  allowsInstall: true, // install gets --network, or refuses by itself
  summarize({ survey }) {
    const [taken] = defaultNetworks(survey);
    return `pods get the network ${taken?.network?.name} of ${taken?.network?.file}`;
  },
  run({ survey }) {
    if (survey.location.candidates.length === 0) {
      return [
        error(
          `there is no network in ${survey.confDir}`,
          "Install a network plugin, or specify another directory with --conf-dir.",
        ),
      ];
    }
    const taken = defaultNetworks(survey);
    if (taken.every(({ network }) => network)) return [];
    const answers = taken.map(({ runtime, network }) =>
      network ? `${runtime} takes ${network.name} from ${network.file}` : `${runtime} takes no network`,
    );
    return [
      error(
        answers.join(", "),
        "Repair or remove the broken file: containerd loads no network while one file is broken.",
      ),
    ];
  },
};

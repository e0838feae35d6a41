import { readFileSync } from "node:fs";
import { type Check, warning } from "../check.ts";

const CONFIG = "/etc/containerd/config.toml";

export const maxConfNum: Check = {
  id: "max-conf-num",
  title: "pods are attached to one network",
  run({ survey }) {
    const told = survey.runtimeReads ? survey.runtime?.cni?.maxConfNum : undefined;
    const number = told ?? configured(survey.root.at(CONFIG));
    if (number === 1) return [];
    return [
      warning(
        `max_conf_num is ${number}: containerd attaches pods to ${number === 0 ? "all files" : `the first ${number} files`} of ${survey.confDir}`,
        "Install the taps into each network that is to be seen: cnitap install --network NAME.",
      ),
    ];
  },
};

/** What containerd's configuration says; 1 where it says nothing. */
function configured(path: string): number {
  try {
    return Number(/^\s*max_conf_num\s*=\s*(\d+)/m.exec(readFileSync(path, "utf8"))?.[1] ?? 1);
  } catch {
    return 1;
  }
}

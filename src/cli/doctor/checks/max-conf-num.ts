import { readFileSync } from "node:fs";
import { type Check, warning } from "../check.ts";

const CONFIG = "/etc/containerd/config.toml";

export const maxConfNum: Check = {
  id: "max-conf-num",
  title: "pods are attached to one network",
  run({ survey }) {
    const reported = survey.runtimeReads ? survey.runtime?.cni?.maxConfNum : undefined;
    const number = reported ?? configured(survey.root.at(CONFIG));
    if (number === 1) return [];
    return [
      warning(
        `max_conf_num is ${number}: containerd attaches pods to ${number === 0 ? "all files" : `the first ${number} files`} of ${survey.confDir}`,
        "Install the taps into each network that is to be seen: cnitap install --network NAME.",
      ),
    ];
  },
};

/** The value in containerd's configuration; 1 if it is not set. */
function configured(path: string): number {
  try {
    return Number(/^\s*max_conf_num\s*=\s*(\d+)/m.exec(readFileSync(path, "utf8"))?.[1] ?? 1);
  } catch {
    return 1;
  }
}

import { decodeUtf8 } from "../../../log/byte-string.ts";
import { type Check, error, warning } from "../check.ts";

export const loadStatus: Check = {
  id: "load-status",
  title: "the runtime has loaded the current files",
  allowsInstall: true,
  run({ survey }) {
    const { runtime, confDir } = survey;
    if (!runtime) return [];
    if (!survey.runtimeReads) {
      if (!runtime.cni) return [];
      return [
        warning(
          `${runtime.name} reads ${runtime.cni.confDir}, not ${confDir}`,
          "Specify the runtime's directory with --conf-dir.",
        ),
      ];
    }
    const { loadStatus, networks } = runtime.cni ?? { loadStatus: "", networks: null };
    if (loadStatus !== "" && loadStatus !== "OK") {
      return [error(`${runtime.name} could not load it: ${loadStatus}`, "Repair the file it names.")];
    }
    const first = survey.location.goCni;
    if (!first || first.kind === "single") return [];
    const source = decodeUtf8(first.text);
    if (networks?.some((network) => network.source === source)) return [];
    return [
      error(
        `${runtime.name} has not loaded ${first.file} as it is now`,
        "Rewrite the file in its directory (runtimes do not notice a file that is moved in from elsewhere), or restart the runtime.",
      ),
    ];
  },
};

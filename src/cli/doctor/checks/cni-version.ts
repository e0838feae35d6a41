import { CNI_VERSIONS } from "../../../cni/versions.ts";
import { type Check, error, warning } from "../check.ts";

export const cniVersion: Check = {
  id: "cni-version",
  title: "the networks' cniVersion is known",
  run({ networks, survey }) {
    const old = survey.runtime?.name === "containerd" && /^v?1\./.test(survey.runtime.version);
    return networks.flatMap(({ file, cniVersion: version }) => {
      if (version !== "" && !CNI_VERSIONS.includes(version)) {
        return [
          warning(
            `${file} has ${version}`,
            `The known versions are ${CNI_VERSIONS.join(", ")}; runtimes refuse others.`,
          ),
        ];
      }
      if (version === "1.1.0" && old) {
        return [
          error(
            `${file} has 1.1.0, and containerd 1.x fails every pod with it`,
            "Set its cniVersion to 1.0.0.",
          ),
        ];
      }
      return [];
    });
  },
};

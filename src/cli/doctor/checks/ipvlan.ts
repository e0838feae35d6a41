import { hazardOf } from "../../../conflist/hazards.ts";
import { type Check, error } from "../check.ts";

export const ipvlan: Check = {
  id: "ipvlan",
  title: "ipvlan has its master",
  allowsInstall: true,
  run({ tapped }) {
    return tapped
      .filter(
        (network) =>
          network.plugins.some(({ type }) => type === "cni_pre") && hazardOf(network)?.plugin === "ipvlan",
      )
      .map(({ file }) =>
        error(
          `cni_pre comes before an ipvlan without master in ${file}: no pod can start`,
          "Run cnitap install --mode post, or name ipvlan's master.",
        ),
      );
  },
};

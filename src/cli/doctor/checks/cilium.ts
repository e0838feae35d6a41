import { hazardOf } from "../../../conflist/hazards.ts";
import { type Check, error, warning } from "../check.ts";

export const cilium: Check = {
  id: "cilium",
  title: "Cilium bears the taps",
  allowsInstall: true,
  run({ tapped }) {
    return tapped.flatMap((network) => {
      const types = network.plugins.map(({ type }) => type);
      if (!types.includes("cilium-cni")) return [];
      if (types.includes("cni_pre") && hazardOf(network)?.plugin === "cilium-cni") {
        return [
          error(
            `cni_pre stands before cilium-cni in ${network.file}, and it refuses that: no pod can start`,
            "Run cnitap install --mode post.",
          ),
        ];
      }
      return [
        warning(
          `Cilium in exclusive mode (its default) writes ${network.file} again and renames other networks`,
          "Use cnitap install --mode drop-in, which outlives that, or set cni.exclusive=false.",
        ),
      ];
    });
  },
};

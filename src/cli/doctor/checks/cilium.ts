import { hazardOf } from "../../../conflist/hazards.ts";
import { typeOf } from "../../../conflist/wrapped-plugin.ts";
import { type Check, error, warning } from "../check.ts";

export const cilium: Check = {
  id: "cilium",
  title: "Cilium tolerates the taps",
  allowsInstall: true,
  run({ tapped }) {
    return tapped.flatMap((network) => {
      const types = network.plugins.map(({ type }) => type);
      if (!network.plugins.some((plugin) => typeOf(plugin) === "cilium-cni")) return [];
      if (types.includes("cni_pre") && hazardOf(network)?.plugin === "cilium-cni") {
        return [
          error(
            `cni_pre comes before cilium-cni in ${network.file}, which refuses a plugin before it: no pod can start`,
            "Run cnitap install --mode post.",
          ),
        ];
      }
      return [
        warning(
          `Cilium in exclusive mode (its default) rewrites ${network.file} and renames other networks`,
          "Use cnitap install --mode drop-in, which survives that, or set cni.exclusive=false.",
        ),
      ];
    });
  },
};

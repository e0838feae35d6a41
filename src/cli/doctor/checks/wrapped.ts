import { isProgram } from "../../../conflist/tap-entries.ts";
import { isWrapped, typeOf } from "../../../conflist/wrapped-plugin.ts";
import { type Check, error, type Finding } from "../check.ts";

export const wrapped: Check = {
  id: "wrapped",
  title: "each wrapper names its plugin",
  allowsInstall: true, // install refuses by itself
  run({ networks }) {
    return networks.flatMap(({ file, plugins }) =>
      plugins.flatMap((plugin, at): Finding[] => {
        const type = typeOf(plugin);
        if (!isWrapped(plugin) || (type !== null && !isProgram(type))) return [];
        const seen =
          type === null
            ? `plugin ${at + 1} of ${file} is a cni_wrap without a plugin: no pod can start`
            : `plugin ${at + 1} of ${file} is a cni_wrap around ${type}, not around a plugin`;
        return [error(seen, `Put the plugin's own type into "cniTap": {"type": …}, or take the entry out.`)];
      }),
    );
  },
};

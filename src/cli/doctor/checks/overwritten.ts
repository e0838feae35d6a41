import type { Installation } from "../../../conflist/installations.ts";
import type { Network } from "../../../conflist/network.ts";
import { isTap } from "../../../conflist/tap-entries.ts";
import { isWrapped, typeOf } from "../../../conflist/wrapped-plugin.ts";
import { hashOf } from "../../../machine/installation-record.ts";
import { type Check, error, type Finding, warning } from "../check.ts";

export const overwritten: Check = {
  id: "overwritten",
  title: "the installed taps are still in place",
  allowsInstall: true,
  run({ survey }) {
    const mine = survey.record.filter(({ confDir }) => confDir === survey.confDir);
    return mine.flatMap((installation): Finding[] => {
      const { network, file, mode, source, original } = installation;
      const option = mode === "both" ? "" : ` --mode ${mode}`;
      const advice = `Run cnitap install${option} again, with the same options as before.`;
      const dropIn = mode === "drop-in";
      const list = survey.location.candidates.find((one) => one.file === file)?.network ?? null;
      const inPlace = dropIn
        ? survey.conf.dropIns.some((one) => `${one.network}/${one.file}` === file)
        : list?.plugins.some((plugin) => (mode === "wrap" ? isWrapped(plugin) : isTap(plugin.type)));
      if (!inPlace)
        return [
          error(
            `the ${mode === "wrap" ? "wrappers" : "taps"} of the network ${network} are gone from ${file}: the file was rewritten after the installation`,
            advice,
          ),
        ];
      const single = survey.conf.files.find((one) => one.file === source);
      if (single && (single.text === null ? "" : hashOf(single.text)) !== original) {
        return [
          error(`${source} has changed since ${file} was made from it, and pods get the old one`, advice),
        ];
      }
      return list
        ? bareOnes(list, installation).map((type) =>
            warning(
              `${type} is not wrapped in ${file}: it was added or rewritten after the installation`,
              advice,
            ),
          )
        : [];
    });
  },
};

/** The plugins that an installation with wrappers would wrap, and that are not wrapped. */
function bareOnes({ plugins }: Network, { mode, only }: Installation): string[] {
  if (mode !== "wrap") return [];
  return plugins
    .filter((plugin) => !isWrapped(plugin) && !isTap(plugin.type))
    .flatMap((plugin) => typeOf(plugin) ?? [])
    .filter((type) => only === undefined || only.includes(type));
}

import { isTap } from "../../../conflist/tap-entries.ts";
import { hashOf } from "../../../machine/installation-record.ts";
import { type Check, error, type Finding } from "../check.ts";

export const overwritten: Check = {
  id: "overwritten",
  title: "the installed taps are still in place",
  allowsInstall: true,
  run({ survey }) {
    const mine = survey.record.filter(({ confDir }) => confDir === survey.confDir);
    return mine.flatMap(({ network, file, mode, source, original }): Finding[] => {
      const advice = "Run cnitap install again.";
      const dropIn = mode === "drop-in";
      const inPlace = dropIn
        ? survey.conf.dropIns.some((one) => `${one.network}/${one.file}` === file)
        : survey.location.candidates.some(
            (one) => one.file === file && one.network?.plugins.some(({ type }) => isTap(type)),
          );
      if (!inPlace)
        return [
          error(
            `the taps of the network ${network} are gone from ${file}: the file was rewritten after the installation`,
            advice,
          ),
        ];
      const single = survey.conf.files.find((one) => one.file === source);
      if (single && (single.text === null ? "" : hashOf(single.text)) !== original) {
        return [
          error(`${source} has changed since ${file} was made from it, and pods get the old one`, advice),
        ];
      }
      return [];
    });
  },
};

import { type Check, error, warning } from "../check.ts";

/** Common names of backup copies. */
const COPY =
  /(?:^|[._~-])(?:bak|back|backup|orig|old|save|copy|tmp|temp|disabled|dpkg-\w+|rpm\w+)(?:[._~-]|\d|$)|^[.#~]/i;

export const backups: Check = {
  id: "backups",
  title: "no backup file is used as a network",
  run({ survey }) {
    const { candidates, goCni, ocicni } = survey.location;
    return candidates
      .filter(({ file }) => COPY.test(file))
      .map(({ file, network }) => {
        const seen = `${file} looks like a copy, and runtimes read it by its ending`;
        const advice = "Move it out of the directory, or give it another ending.";
        return network && (network === goCni || network === ocicni)
          ? error(`${seen}: pods get it`, advice)
          : warning(seen, advice);
      });
  },
};

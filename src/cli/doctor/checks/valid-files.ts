import { ConflistError } from "../../../conflist/conflist-error.ts";
import type { DropIn } from "../../../conflist/locate.ts";
import { readNetwork } from "../../../conflist/network.ts";
import { type Check, type CheckSubject, error, type Finding, warning } from "../check.ts";

const ADVICE = "Repair it, or give it a name that does not end in .conf, .conflist or .json.";

export const validFiles: Check = {
  id: "valid-files",
  title: "every file is a network",
  allowsInstall: true,
  run(subject) {
    const { location } = subject.survey;
    const files = location.candidates.flatMap(({ file, error: why }): Finding[] => {
      if (!why) return [];
      const seen = `${file}: ${why.message}`;
      return [location.goCni === null ? error(seen, ADVICE) : warning(seen, ADVICE)];
    });
    return [...files, ...dropIns(subject)];
  },
};

/** Checks drop-in files. A broken one prevents its list from being loaded (libcni 1.3). */
function dropIns({ survey, networks }: CheckSubject): Finding[] {
  const open = networks
    .filter(({ kind, inlineOnly }) => kind === "list" && !inlineOnly)
    .map(({ name }) => name);
  return survey.conf.dropIns
    .filter(({ network }) => open.includes(network))
    .flatMap((dropIn) => {
      const why = faultOf(dropIn);
      return why === null ? [] : [error(`${dropIn.network}/${dropIn.file}: ${why}`, ADVICE)];
    });
}

function faultOf({ file, text }: DropIn): string | null {
  if (text === null) return "it cannot be read";
  try {
    readNetwork(file, text); // a single plugin, like other .conf files
    return null;
  } catch (failure) {
    if (!(failure instanceof ConflistError)) throw failure;
    return failure.message;
  }
}

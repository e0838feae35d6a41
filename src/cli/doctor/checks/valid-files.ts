import { type Check, error, warning } from "../check.ts";

export const validFiles: Check = {
  id: "valid-files",
  title: "every file is a network",
  mendedByInstall: true,
  run({ survey }) {
    const read = survey.location.goCni === null;
    return survey.location.candidates.flatMap(({ file, error: why }, at) => {
      if (!why) return [];
      const seen = `${file}: ${why.message}`;
      const advice = "Repair it, or give it a name that does not end in .conf, .conflist or .json.";
      return [read || at === 0 ? error(seen, advice) : warning(seen, advice)];
    });
  },
};

import { lockHolder } from "../../../machine/edit-lock.ts";
import { type Check, warning } from "../check.ts";

export const editLock: Check = {
  id: "edit-lock",
  title: "nobody is editing the networks",
  run({ survey }) {
    const holder = lockHolder(survey.root.at(survey.confDir));
    if (!holder) return [];
    const { who, forMs, stale } = holder;
    const seen = `${who} has held the lock of ${survey.confDir} for ${Math.round(forMs / 1000)} s`;
    return [
      stale
        ? warning(
            `${seen}; it was killed`,
            "Run its command again: it takes the lock over and finishes the work.",
          )
        : warning(seen, "Wait for that cnitap to end."),
    ];
  },
};

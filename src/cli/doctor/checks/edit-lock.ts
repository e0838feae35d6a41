import { lockHolder } from "../../../machine/edit-lock.ts";
import { type Check, warning } from "../check.ts";

export const editLock: Check = {
  id: "edit-lock",
  title: "nobody is editing the networks",
  run({ survey }) {
    const holder = lockHolder(survey.root.at(survey.confDir));
    if (!holder) return [];
    const { who, forMs, stale } = holder;
    const seen = `the lock of ${survey.confDir} is held by ${who}, for ${Math.round(forMs / 1000)} s`;
    return [
      stale
        ? warning(
            `${seen}; it was killed`,
            "Run its command again: the lock is taken over, and what was left undone is done.",
          )
        : warning(seen, "Wait for that cnitap to end."),
    ];
  },
};
